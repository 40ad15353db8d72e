// Which driver packages of policy a machine gets, and why each is taken or not: by what the machine says of itself and of its devices. Pure.
import type { Hardware } from '../content/hardware.ts';
import type { ContentReference } from '../content/manifest.ts';
import type { MachineFacts } from '../facts/machine-facts.ts';
import { compareValues } from './compare-values.ts';
import type { TaskSequence } from './policy.ts';

/** What a driver package is judged by. */
export type DriverFacts = Pick<MachineFacts, 'manufacturer' | 'model' | 'sku' | 'devices'>;

export interface DriverJudgement {
  readonly id: string;
  readonly name: string;
  readonly taken: boolean;
  /** Part of a sentence: "models Book 13 and Book 15 do not match Book 14". */
  readonly why: string;
}

/**
 * `auto`: every package whose hardware fits, on the media or not; those that say nothing of hardware only where the media laid them, or each machine
 * would get the packages of every model.
 * @param laid what the media laid into the cache.
 * @returns every driver package of policy: those listed by the sequence first, in its order, others in the order of their IDs.
 */
export function judgeDriverPackages(
  drivers: TaskSequence['drivers'],
  {
    offered,
    laid,
  }: { readonly offered: readonly ContentReference[]; readonly laid: readonly ContentReference[] },
  facts: DriverFacts,
): readonly DriverJudgement[] {
  const listed = drivers === 'auto' ? [] : drivers;
  const packages = offered
    .filter(({ type }) => type === 'driver-package')
    .toSorted((a, b) => placeIn(listed, a.id) - placeIn(listed, b.id) || (a.id < b.id ? -1 : 1));
  return packages.map(({ id, name, hardware }) => {
    if (drivers !== 'auto') {
      const taken = drivers.includes(id);
      const why = taken ? 'the task sequence lists it' : 'the task sequence does not list it';
      return { id, name, taken, why };
    }
    if (hardware !== undefined) return { id, name, ...judgeHardware(hardware, facts) };
    const taken = laid.some(each => each.id === id);
    const why = taken
      ? 'it says nothing of hardware and lies on the media'
      : 'it says nothing of hardware, and the media did not lay it';
    return { id, name, taken, why };
  });
}

/** @returns what to tell when policy has driver packages and this machine gets none of them by itself. */
export function noDriversNote(
  drivers: TaskSequence['drivers'],
  judgements: readonly DriverJudgement[],
  { manufacturer, model }: DriverFacts,
): string | undefined {
  if (drivers !== 'auto' || judgements.length === 0 || judgements.some(({ taken }) => taken))
    return undefined;
  const machine = [manufacturer, model].filter(text => text !== undefined).join(' ');
  return `No driver package of policy fits this machine (${machine || 'model unknown'}): Windows gets only the drivers that it has itself.`;
}

function placeIn(listed: readonly string[], id: string): number {
  const at = listed.indexOf(id);
  return at < 0 ? listed.length : at;
}

const NAMES = [
  { list: 'manufacturers', noun: 'manufacturer', of: ({ manufacturer }: DriverFacts) => manufacturer },
  { list: 'models', noun: 'model', of: ({ model }: DriverFacts) => model },
  { list: 'skus', noun: 'SKU', of: ({ sku }: DriverFacts) => sku },
] as const;

function judgeHardware(hardware: Hardware, facts: DriverFacts): Pick<DriverJudgement, 'taken' | 'why'> {
  const fitting: string[] = [];
  for (const { list, noun, of } of NAMES) {
    const wanted = hardware[list];
    if (wanted === undefined) continue;
    const found = of(facts)?.trim();
    if (found === undefined || !wanted.some(name => compareValues([found], 'like', name.trim()))) {
      const verb = wanted.length === 1 ? 'does not match' : 'do not match';
      const nouns = wanted.length === 1 ? noun : `${noun}s`;
      return {
        taken: false,
        why: `${nouns} ${shown(wanted)} ${verb} ${found ?? `a machine of unknown ${noun}`}`,
      };
    }
    fitting.push(`${noun} ${found}`);
  }
  if (hardware.devices !== undefined) {
    const found = commonDevices(hardware.devices, facts.devices ?? []);
    if (found.length === 0) return { taken: false, why: withoutDevice(hardware.devices, facts.devices) };
    fitting.push(`${found.length === 1 ? 'device' : 'devices'} ${shown(found)}`);
  }
  return { taken: true, why: `it is for ${fitting.join(' and ')}` };
}

function commonDevices(wanted: readonly string[], found: readonly string[]): readonly string[] {
  const ids = new Set(wanted.map(id => id.toUpperCase()));
  return found.filter(id => ids.has(id.toUpperCase()));
}

function withoutDevice(wanted: readonly string[], found: readonly string[] | undefined): string {
  const which =
    wanted.length <= SHOWN
      ? `${wanted.length === 1 ? 'device' : 'devices'} ${shown(wanted)}`
      : `its ${wanted.length} device IDs`;
  return found === undefined
    ? `${which} cannot be looked for: what devices this machine has is not known`
    : `${which} ${wanted.length === 1 ? 'is' : 'are'} not among the ${found.length} device IDs of this machine`;
}

const SHOWN = 3;

function shown(names: readonly string[]): string {
  const rest = names.length - SHOWN;
  return `${names.slice(0, SHOWN).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
