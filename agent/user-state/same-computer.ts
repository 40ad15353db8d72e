// Whether a document speaks of this very computer. Pure.
import { normalIdentifier } from '../facts/identifiers.ts';
import type { MachineFacts } from '../facts/machine-facts.ts';
import type { StateComputer } from './state-document.ts';

/** One shared identifier is enough: a computer whose board was exchanged is still the one that restored. */
export function isSameComputer(
  computer: Pick<StateComputer, 'serial' | 'uuid' | 'macs'>,
  facts: MachineFacts,
): boolean {
  const equal = (
    kind: 'serial' | 'uuid' | 'mac',
    one: string | undefined,
    other: string | undefined,
  ): boolean =>
    one !== undefined &&
    other !== undefined &&
    normalIdentifier(kind, one) !== undefined &&
    normalIdentifier(kind, one) === normalIdentifier(kind, other);
  return (
    equal('uuid', computer.uuid, facts.uuid) ||
    equal('serial', computer.serial, facts.serial) ||
    computer.macs.some(mac => facts.macAddresses.some(own => equal('mac', mac, own)))
  );
}

/** An order names its computer; every identifier that it gives must be this computer's own. @returns the first that is not, in words. */
export function differsFrom(
  ordered: { readonly serial?: string | undefined; readonly uuid?: string | undefined },
  facts: MachineFacts,
): { readonly expected: string; readonly found: string } | undefined {
  for (const kind of ['uuid', 'serial'] as const) {
    const wanted = ordered[kind];
    if (wanted === undefined) continue;
    const own = facts[kind];
    if (own === undefined || normalIdentifier(kind, own) !== normalIdentifier(kind, wanted))
      return { expected: `${kind} ${wanted}`, found: own === undefined ? `no ${kind}` : `${kind} ${own}` };
  }
  return undefined;
}
