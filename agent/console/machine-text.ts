// The computer in one line, as the person before it knows it: what stands on its label, and who policy takes it for.
import type { BriefFacts } from '../facts/machine-facts.ts';
import type { MachineRecord } from '../policy/machine-record.ts';

const USER_STATE = {
  capture: 'its user state goes to another computer',
  restore: 'it takes over the user state of another computer',
  refresh: 'it keeps its user state',
} as const;

/** `Contoso Book 14, serial 5CG0001`; what the firmware does not tell is left out. */
export function machineText({
  manufacturer,
  model,
  serial,
  uuid,
}: Pick<BriefFacts, 'manufacturer' | 'model' | 'serial' | 'uuid'>): string {
  const kind = [manufacturer, model].filter(word => word !== undefined).join(' ');
  const label = serial !== undefined ? `serial ${serial}` : uuid !== undefined ? `UUID ${uuid}` : '';
  return [kind, label].filter(word => word !== '').join(', ') || 'of no name';
}

/** Nothing of it is a secret. @param knows whether policy has records of machines at all. */
export function recordText(
  record: Pick<MachineRecord, 'name' | 'userState'> | undefined,
  knows: boolean,
): string {
  if (record === undefined) return knows ? 'an unknown computer: policy has no record of it' : '';
  const { name, userState } = record;
  return [
    name === undefined ? 'known to policy' : `known to policy as ${name}`,
    ...(userState === undefined ? [] : [USER_STATE[userState.role]]),
  ].join('; ');
}
