import { describe, expect, it } from 'vitest';
import { identifiersOf, normalIdentifier } from '../../agent/facts/identifiers.ts';
import { subnet } from '../../agent/facts/subnet.ts';
import { LAPTOP } from '../support/signed-documents.ts';

describe('identifiers', () => {
  it.each([
    ['serial', ' SN-0042 ', 'sn-0042'],
    ['serial', '', undefined],
    ['serial', '  ', undefined],
    ['uuid', '{4C4C4544-0042-4810-8051-B4C04F4E3132}', '4c4c4544004248108051b4c04f4e3132'],
    ['uuid', '4c4c4544-0042-4810-8051', undefined],
    ['uuid', '4c4c4544-0042-4810-8051-b4c04f4e313g', undefined],
    ['mac', '00-11-22-aa-BB-cc', '001122aabbcc'],
    ['mac', '00:11:22:AA:BB:CC', '001122aabbcc'],
    ['mac', '0011.22aa.bbcc', '001122aabbcc'],
    ['mac', '001122aabb', undefined],
  ] as const)('%s %j in one form', (kind, text, normal) => {
    expect(normalIdentifier(kind, text)).toBe(normal);
  });

  it('come the surest first, and shared adapters identify nobody', () => {
    const facts = { ...LAPTOP, macAddresses: ['AA-BB-CC-DD-EE-FF', '00-11-22-33-44-55'] };
    expect(identifiersOf(facts, ['aa:bb:cc:dd:ee:ff', 'no address'])).toEqual([
      { kind: 'uuid', value: '4c4c4544004248108051b4c04f4e3132' },
      { kind: 'serial', value: 'sn-0042' },
      { kind: 'mac', value: '001122334455' },
    ]);
  });
});

describe('a subnet', () => {
  it.each([
    ['10.1.0.0/16', '10.1.255.255', true],
    ['10.1.0.0/16', '10.2.0.0', false],
    ['10.1.2.3/16', '10.1.9.9', true],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '10.1.2.4', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', 'fe80::1%eth0', true],
    ['fe80::/10', 'fe80::1%12', true],
    ['2001:db8::/32', '2001:db8:ffff::2', true],
    ['2001:db8::/32', '2001:db9::2', false],
    ['10.1.0.0/16', '::ffff:10.1.2.3', true],
    ['10.1.0.0/16', 'no address', false],
  ])('%s and %s: %s', (network, address, holds) => {
    expect(subnet(network)?.holds(address)).toBe(holds);
  });

  it.each(['10.1.0.0/33', '::/129', '10.1/16', '010.1.0.0/16', '10.1.0.0/', 'fe80::1%3/64', 'host', ''])(
    '%j is none',
    text => {
      expect(subnet(text)).toBeUndefined();
    },
  );
});
