// Collections as tables: which machine is in, and the words for why it is not.
import { describe, expect, it } from 'vitest';
import type { MachineFacts } from '../../agent/facts/machine-facts.ts';
import { collectionsOf, judgeCollection } from '../../agent/policy/collections.ts';
import type { MachineRecord } from '../../agent/policy/machine-record.ts';
import { type Collection, collectionSchema, type NamedCollection } from '../../agent/policy/policy.ts';
import { LAPTOP } from '../support/signed-documents.ts';

const MACHINE: MachineFacts = {
  ...LAPTOP,
  sku: '21HM-S0',
  assetTag: 'Inv 7',
  macAddresses: ['00-11-22-33-44-55', 'AA-BB-CC-DD-EE-FF'],
  ipAddresses: ['10.1.4.7', 'fe80::1%5', '2001:db8:1::7'],
};
const DOCK = 'aa:bb:cc:dd:ee:ff';
const record = (...collections: readonly string[]): MachineRecord => ({
  format: 'prestage-machine/1',
  variables: {},
  secret: [],
  collections: [...collections],
});
const named = (name: string, rule?: NamedCollection['rule']): NamedCollection => ({
  name,
  variables: {},
  ...(rule === undefined ? {} : { rule }),
});
const SITE = {
  collections: [
    named('Graz', { subnets: ['10.1.0.0/16'] }),
    named('Linz', { subnets: ['10.2.0.0/16', '10.3.0.0/16', '10.4.0.0/16', '10.5.0.0/16'] }),
    named('Pilot'),
    named('Everybody', 'all'),
    named('New', 'unknown'),
  ],
  sharedAdapters: [DOCK],
};
const judge = (collection: Collection, facts = MACHINE, known?: MachineRecord) =>
  judgeCollection(collection, SITE, facts, known);

describe('a machine in a collection', () => {
  it.each<[string, Collection]>([
    ['all', 'all'],
    ['unknown computers', 'unknown'],
    ['by serial number, without regard to case and blanks', { serials: [' sn-0042'] }],
    ['by UUID, with braces', { uuids: ['{4c4c4544-0042-4810-8051-b4c04f4e3132}'] }],
    ['by UUID, without dashes', { uuids: ['4C4C4544004248108051B4C04F4E3132'] }],
    ['by MAC address with colons', { macs: ['00:11:22:33:44:55'] }],
    ['by MAC address as Cisco writes it', { macs: ['0011.2233.4455'] }],
    ['by model', { models: ['Book 13', 'book 14 '] }],
    ['by manufacturer and model together', { manufacturers: ['Contoso Ltd.'], models: ['Book 14'] }],
    ['by SKU', { skus: ['21hm-s0'] }],
    ['by asset tag', { assetTags: ['INV 7'] }],
    ['by IPv4 subnet', { subnets: ['192.168.0.0/16', '10.1.4.0/22'] }],
    ['by IPv6 subnet', { subnets: ['2001:db8::/32'] }],
    ['by link-local subnet, without its interface', { subnets: ['fe80::/10'] }],
    ['by one address', { subnets: ['10.1.4.7'] }],
    ['by the rule of a named one', 'Graz'],
    ['by name without regard to case', 'GRAZ'],
    ['of all, by name', 'Everybody'],
    ['of unknown computers, by name', 'New'],
  ])('%s', (_, collection) => {
    expect(judge(collectionSchema.parse(collection))).toMatchObject({ holds: true });
  });

  it('by its record, whatever the rule says, and even where policy does not describe the collection', () => {
    expect(judge('Pilot', MACHINE, record('pilot'))).toEqual({
      holds: true,
      why: 'collection Pilot holds this machine by its record',
    });
    expect(judge('Linz', MACHINE, record('Linz')).holds).toBe(true);
    expect(judge('hidden-1', MACHINE, record('hidden-1')).holds).toBe(true);
  });

  it('with what held it, list by list', () => {
    expect(judge({ models: ['Book 14'], subnets: ['10.0.0.0/8', 'fe80::/10'] }).why).toBe(
      "the collection holds this machine's model (Book 14) and addresses (10.1.4.7, fe80::1%5)",
    );
  });
});

describe('a machine not in a collection', () => {
  const { serial: _, ...nameless } = MACHINE;
  const moved = { ...MACHINE, ipAddresses: ['192.168.1.7'] };
  it.each<[string, Collection, string, MachineFacts?, MachineRecord?]>([
    [
      'serial number',
      { serials: ['A', 'B'] },
      "the collection (2 serial numbers) does not hold this machine's serial number (SN-0042)",
    ],
    [
      'no serial number',
      { serials: [''] },
      "the collection (1 serial number) does not hold this machine's serial number (unknown)",
      nameless,
    ],
    [
      'UUID that is none',
      { uuids: ['4c4c4544'] },
      `the collection (1 UUID) does not hold this machine's UUID (${MACHINE.uuid})`,
    ],
    [
      'only through a shared adapter',
      { macs: [DOCK] },
      "the collection (1 MAC address) does not hold this machine's MAC address (00-11-22-33-44-55)",
    ],
    [
      'nothing but a shared adapter',
      { macs: [DOCK] },
      "the collection (1 MAC address) does not hold this machine's MAC address (none but shared adapters)",
      { ...MACHINE, macAddresses: ['AABBCCDDEEFF'] },
    ],
    [
      'model',
      { models: ['a', 'b', 'c', 'd', 'e'] },
      "the collection (models a, b, c and 2 more) does not hold this machine's model (Book 14)",
    ],
    [
      'model, though the manufacturer is',
      { manufacturers: ['Contoso Ltd.'], models: ['Tower 3'] },
      "the collection (model Tower 3) does not hold this machine's model (Book 14)",
    ],
    [
      'manufacturer, though the model is',
      { manufacturers: ['Fabrikam'], models: ['Book 14'] },
      "the collection (manufacturer Fabrikam) does not hold this machine's manufacturer (Contoso Ltd.)",
    ],
    [
      'subnet',
      'Graz',
      "collection Graz (subnet 10.1.0.0/16) does not hold this machine's address (192.168.1.7)",
      moved,
    ],
    [
      'subnets',
      'Linz',
      "collection Linz (subnets 10.2.0.0/16, 10.3.0.0/16, 10.4.0.0/16 and 1 more) does not hold this machine's addresses (10.1.4.7, fe80::1%5, 2001:db8:1::7)",
    ],
    [
      'no address',
      'Graz',
      "collection Graz (subnet 10.1.0.0/16) does not hold this machine's address (unknown)",
      { ...MACHINE, ipAddresses: [] },
    ],
    [
      'a subnet that is none',
      { subnets: ['10.1/16', 'everywhere'] },
      "the collection (subnets 10.1/16, everywhere) does not hold this machine's address (10.1.4.7)",
      { ...MACHINE, ipAddresses: ['10.1.4.7'] },
    ],
    [
      'of a name without rule, unknown computer',
      'Pilot',
      'collection Pilot does not hold this machine: policy has no record of it',
    ],
    [
      'of a name without rule, known computer',
      'Pilot',
      'collection Pilot does not hold this machine: its record does not name it',
      MACHINE,
      record('Graz'),
    ],
    [
      'of a name that policy does not describe',
      'Nowhere',
      'collection Nowhere does not hold this machine: policy has no record of it',
    ],
    [
      'of unknown computers, known',
      'unknown',
      'the collection holds unknown computers only, and policy has a record of this one',
      MACHINE,
      record(),
    ],
    [
      'of unknown computers by name, known',
      'New',
      'collection New holds unknown computers only, and policy has a record of this one',
      MACHINE,
      record(),
    ],
  ])('%s', (_title, collection, why, facts = MACHINE, known = undefined) => {
    expect(judge(collection, facts, known)).toEqual({ holds: false, why });
  });
});

describe('collectionsOf', () => {
  it('names the collections that hold the machine, in policy’s order', () => {
    expect(collectionsOf(SITE, MACHINE, undefined)).toEqual(['Graz', 'Everybody', 'New']);
    expect(collectionsOf(SITE, MACHINE, record('Pilot', 'Linz'))).toEqual([
      'Graz',
      'Linz',
      'Pilot',
      'Everybody',
    ]);
  });
});
