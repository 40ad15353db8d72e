// Which collections hold a machine, and why: by their rule over what the machine says of itself, or because its own record names them. Pure.
import { normalIdentifier, ownMacAddresses } from '../facts/identifiers.ts';
import type { MachineFacts } from '../facts/machine-facts.ts';
import { subnet } from '../facts/subnet.ts';
import type { MachineRecord } from './machine-record.ts';
import type { Collection, CollectionLists, Policy } from './policy.ts';

/** The parts of policy that collections are judged by. */
export type CollectionPolicy = Pick<Policy, 'collections' | 'sharedAdapters'>;

export interface Membership {
  readonly holds: boolean;
  /** Part of a sentence: "collection Graz (subnet 10.1.0.0/16) does not hold this machine's addresses (192.168.1.7)". */
  readonly why: string;
}

/** @param record undefined for an unknown computer. */
export function judgeCollection(
  collection: Collection,
  policy: CollectionPolicy,
  facts: MachineFacts,
  record: MachineRecord | undefined,
): Membership {
  const machine = { facts, record, sharedAdapters: policy.sharedAdapters };
  if (collection === 'all' || collection === 'unknown' || typeof collection === 'object')
    return judgeRule(collection, 'the collection', machine);
  const title = `collection ${collection}`;
  if (record?.collections.some(name => sameName(name, collection)))
    return { holds: true, why: `${title} holds this machine by its record` };
  const rule = policy.collections.find(each => sameName(each.name, collection))?.rule;
  if (rule !== undefined) return judgeRule(rule, title, machine);
  const missing = record === undefined ? 'policy has no record of it' : 'its record does not name it';
  return { holds: false, why: `${title} does not hold this machine: ${missing}` };
}

/** @returns the names of the collections that hold this machine, in policy's order. */
export function collectionsOf(
  policy: CollectionPolicy,
  facts: MachineFacts,
  record: MachineRecord | undefined,
): readonly string[] {
  return policy.collections
    .map(({ name }) => name)
    .filter(name => judgeCollection(name, policy, facts, record).holds);
}

/** Case never tells two collections apart. */
export function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

interface Judged {
  readonly facts: MachineFacts;
  readonly record: MachineRecord | undefined;
  readonly sharedAdapters: readonly string[];
}

function judgeRule(
  rule: 'all' | 'unknown' | CollectionLists,
  title: string,
  { facts, record, sharedAdapters }: Judged,
): Membership {
  if (rule === 'all') return { holds: true, why: `${title} holds all machines` };
  if (rule === 'unknown') {
    return record === undefined
      ? { holds: true, why: `${title} holds unknown computers` }
      : { holds: false, why: `${title} holds unknown computers only, and policy has a record of this one` };
  }
  const held: string[] = [];
  for (const list of LISTS) {
    const wanted = rule[list.name];
    if (wanted === undefined) continue;
    const found = list.found(facts, sharedAdapters);
    const matching = found.filter(value => list.matches(wanted, value));
    if (matching.length === 0) {
      const noun = found.length > 1 ? list.plural : list.singular;
      const why = `${title} (${described(list, wanted)}) does not hold this machine's ${noun} (${found.join(', ') || list.none})`;
      return { holds: false, why };
    }
    held.push(`${matching.length > 1 ? list.plural : list.singular} (${matching.join(', ')})`);
  }
  return { holds: true, why: `${title} holds this machine's ${held.join(' and ')}` };
}

interface ListKind {
  readonly name: keyof CollectionLists;
  readonly singular: string;
  readonly plural: string;
  /** The words for an entry of the list, where another word than the machine's fits. */
  readonly entry?: string;
  /** What is said in place of the machine's values when it has none. */
  readonly none: string;
  /** Entries that name single machines are counted, not told: they are others'. */
  readonly secretive: boolean;
  found(facts: MachineFacts, sharedAdapters: readonly string[]): readonly string[];
  matches(wanted: readonly string[], found: string): boolean;
}

/** In the order of judging. */
const LISTS: readonly ListKind[] = [
  {
    ...identifying('serials', 'serial number'),
    found: ({ serial }) => known(serial),
    matches: (wanted, found) => sameIdentifier('serial', wanted, found),
  },
  {
    ...identifying('uuids', 'UUID'),
    found: ({ uuid }) => known(uuid),
    matches: (wanted, found) => sameIdentifier('uuid', wanted, found),
  },
  {
    ...identifying('macs', 'MAC address', 'MAC addresses'),
    none: 'none but shared adapters',
    found: ownMacAddresses,
    matches: (wanted, found) => sameIdentifier('mac', wanted, found),
  },
  { ...describing('models', 'model'), found: ({ model }) => known(model) },
  { ...describing('manufacturers', 'manufacturer'), found: ({ manufacturer }) => known(manufacturer) },
  { ...describing('skus', 'SKU'), found: ({ sku }) => known(sku) },
  { ...describing('assetTags', 'asset tag'), found: ({ assetTag }) => known(assetTag) },
  {
    ...describing('subnets', 'address', 'addresses'),
    entry: 'subnet',
    found: ({ ipAddresses }) => ipAddresses,
    matches: (wanted, found) => wanted.some(text => subnet(text)?.holds(found)),
  },
];

function identifying(name: keyof CollectionLists, singular: string, plural = `${singular}s`) {
  return { name, singular, plural, none: 'unknown', secretive: true } as const;
}

function describing(name: keyof CollectionLists, singular: string, plural = `${singular}s`) {
  return { name, singular, plural, none: 'unknown', secretive: false, matches: sameText } as const;
}

function known(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}

function sameText(wanted: readonly string[], found: string): boolean {
  const text = (value: string): string => value.trim().toLowerCase();
  return wanted.some(each => text(each) === text(found));
}

function sameIdentifier(kind: 'serial' | 'uuid' | 'mac', wanted: readonly string[], found: string): boolean {
  const value = normalIdentifier(kind, found);
  return value !== undefined && wanted.some(each => normalIdentifier(kind, each) === value);
}

const ENTRIES_SHOWN = 3;

function described({ singular, plural, entry, secretive }: ListKind, wanted: readonly string[]): string {
  const one = entry ?? singular;
  const many = entry === undefined ? plural : `${entry}s`;
  if (secretive) return `${wanted.length} ${wanted.length === 1 ? one : many}`;
  const shown = wanted.slice(0, ENTRIES_SHOWN).join(', ');
  const rest = wanted.length - ENTRIES_SHOWN;
  return `${wanted.length === 1 ? one : many} ${shown}${rest > 0 ? ` and ${rest} more` : ''}`;
}
