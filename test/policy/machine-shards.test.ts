// Machine records: found by one of the machine's identifiers, read by nobody who does not know the machine.
import { randomBytes } from 'node:crypto';
import { describe, expect, it, test } from 'vitest';
import { encodeJson } from '../../agent/document/decode-json.ts';
import { type Identifier, identifiersOf } from '../../agent/facts/identifiers.ts';
import { Fault } from '../../agent/fault/fault.ts';
import { type MachineRecord, machineRecordSchema } from '../../agent/policy/machine-record.ts';
import {
  placeOf,
  recordIn,
  SHARD_MAX_BYTES,
  type ShardEntry,
  sealRecord,
} from '../../agent/policy/machine-shards.ts';
import { machineKey, recordsKey, recordsKeyId, stateKey } from '../../agent/trust/machine-key.ts';
import { LAPTOP } from '../support/signed-documents.ts';

const key = recordsKey(Buffer.alloc(32, 7));
const serial: Identifier = { kind: 'serial', value: 'sn-0042' };
const record: MachineRecord = machineRecordSchema.parse({
  format: 'prestage-machine/1',
  name: 'PC-0042',
  variables: { Pin: '4711-0815' },
  secret: ['Pin'],
  collections: ['Graz'],
});

const shardOf = (...entries: readonly ShardEntry[]): Uint8Array =>
  encodeJson({ format: 'prestage-machines/1', entries });
const sealed = (identifier: Identifier, shards = 1, what = record): ShardEntry =>
  sealRecord(placeOf(key, identifier, shards), what, randomBytes(12));

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.code;
    throw thrown;
  }
  return 'none';
}

test('a record is found and read by the identifier that it was stored under', () => {
  const place = placeOf(key, serial, 1);
  expect(recordIn(shardOf(sealed(serial)), place)).toEqual(record);
  expect(recordIn(shardOf(), place)).toBeUndefined();
  expect(recordIn(shardOf(sealed({ kind: 'serial', value: 'sn-0043' })), place)).toBeUndefined();
});

test('however firmware writes an identifier, the place is the same', () => {
  const written = { ...LAPTOP, uuid: '{4c4c4544-0042-4810-8051-b4c04f4e3132}', serial: ' sn-0042 ' };
  const places = (facts: typeof LAPTOP) => identifiersOf(facts, []).map(each => placeOf(key, each, 256).name);
  expect(places({ ...written, macAddresses: ['0011.2233.4455'] })).toEqual(places(LAPTOP));
});

test('a serial number that reads like a MAC address is another identifier', () => {
  expect(placeOf(key, { kind: 'serial', value: '001122334455' }, 1).name).not.toBe(
    placeOf(key, { kind: 'mac', value: '001122334455' }, 1).name,
  );
});

test('the entry of another machine is not opened by renaming it, nor with the key of the media alone', () => {
  const other: Identifier = { kind: 'serial', value: 'sn-0043' };
  const place = placeOf(key, serial, 1);
  const renamed = { ...sealed(other), name: place.name };
  expect(codeOf(() => recordIn(shardOf(renamed), place))).toBe('TRUST-07');
  // Whoever knows the name of an entry and the key of the media, but not the identifier.
  const guessed = { ...placeOf(key, other, 1), name: place.name };
  expect(codeOf(() => recordIn(shardOf(sealed(serial)), guessed))).toBe('TRUST-07');
});

test('nothing of the record or its machine can be read from a shard', () => {
  const text = Buffer.from(shardOf(sealed(serial))).toString('utf8');
  for (const word of ['0042', 'Pin', '4711', 'Graz', 'serial']) expect(text).not.toContain(word);
});

describe('a tampered shard', () => {
  const good = sealed(serial);
  const place = placeOf(key, serial, 1);
  const flipped = (text: string, at: number): string => {
    const bytes = Buffer.from(text, 'base64');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return bytes.toString('base64');
  };

  it.each([
    ['in its nonce', { ...good, nonce: flipped(good.nonce, 0) }],
    ['in its first byte', { ...good, box: flipped(good.box, 0) }],
    ['in its tag', { ...good, box: flipped(good.box, Buffer.from(good.box, 'base64').length - 1) }],
    ['cut to its tag', { ...good, box: Buffer.from(good.box, 'base64').subarray(-16).toString('base64') }],
    [
      'cut to a shorter tag',
      { ...good, box: Buffer.from(good.box, 'base64').subarray(0, 12).toString('base64') },
    ],
    ['empty', { ...good, box: '' }],
  ])('%s is TRUST-07', (_, entry) => {
    expect(codeOf(() => recordIn(shardOf(entry), place))).toBe('TRUST-07');
  });

  it.each([
    ['no JSON', Buffer.from('{')],
    ['another document', encodeJson({ format: 'prestage-machines/2', entries: [] })],
    ['a name that is a path', shardOf({ ...good, name: '../../../../../../windows/system32' })],
    ['an unknown key', encodeJson({ format: 'prestage-machines/1', entries: [{ ...good, more: 1 }] })],
  ])('with %s is TRUST-10', (_, bytes) => {
    expect(codeOf(() => recordIn(bytes, place))).toBe('TRUST-10');
  });

  it('beyond the cap is TRUST-08 before it is parsed', () => {
    expect(codeOf(() => recordIn(new Uint8Array(SHARD_MAX_BYTES + 1), place))).toBe('TRUST-08');
  });
});

test('entries spread evenly over the shards, and each is found in its own', () => {
  const shards = 64;
  const counts = new Array<number>(shards).fill(0);
  for (let n = 0; n < 6400; n += 1) {
    const { shard } = placeOf(key, { kind: 'serial', value: `sn-${n}` }, shards);
    counts[shard] = (counts[shard] ?? 0) + 1;
  }
  expect(Math.min(...counts)).toBeGreaterThan(60);
  expect(Math.max(...counts)).toBeLessThan(150);
});

test('the keys of records and of user state cannot be had from each other', () => {
  const root = machineKey(`${Buffer.alloc(32, 7).toString('base64')}\n`, 'machine.key');
  const id = '8f4b2c1e-8d1f-4a9b-9f3e-0d9a4b7c6e51';
  const keys = [root, recordsKey(root), Buffer.from(stateKey(root, id), 'base64')];
  expect(new Set(keys.map(each => Buffer.from(each).toString('hex'))).size).toBe(3);
  expect(stateKey(root, id.toUpperCase())).toBe(stateKey(root, id));
  expect(stateKey(recordsKey(root), id)).not.toBe(stateKey(root, id));
  expect(recordsKeyId(key)).toMatch(/^[0-9a-f]{16}$/);
});

test.each(['', 'abc', Buffer.alloc(31).toString('base64'), Buffer.alloc(33).toString('base64')])(
  'the machine key "%s" is USAGE-11',
  text => {
    expect(codeOf(() => machineKey(text, 'machine.key'))).toBe('USAGE-11');
  },
);
