// Machine records in the files that policy pins: found by a keyed hash of one of the machine's identifiers, opened by a key that takes the same
// identifier. So no list of machines can be read from a server, and who has the media's key still has to know a machine to read its record.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { decodeJson } from '../document/decode-json.ts';
import type { Identifier } from '../facts/identifiers.ts';
import { Fault } from '../fault/fault.ts';
import { type MachineRecord, machineRecordSchema } from './machine-record.ts';

/** Cap on one shard, before it is parsed. */
export const SHARD_MAX_BYTES = 16 * 1024 * 1024;

/** Cap on one record, before it is parsed. */
const RECORD_MAX_BYTES = 1024 * 1024;

/** AES-256-GCM (NIST SP 800-38D). */
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NAME_BYTES = 16;

/** One record as one of its machine's identifiers finds it. */
export const shardEntrySchema = z.strictObject({
  /** Hex of the first 16 bytes of the keyed hash. */
  name: z.string().regex(/^[0-9a-f]{32}$/),
  nonce: z.string().regex(/^[A-Za-z0-9+/]{16}$/),
  /** Base64 of the encrypted record and its tag of 16 bytes. */
  box: z.base64(),
});

/** `policy/<serial>/machines/<number>.json` */
export const machineShardSchema = z.strictObject({
  format: z.literal('prestage-machines/1'),
  entries: z.array(shardEntrySchema).max(100_000),
});

export type ShardEntry = Readonly<z.infer<typeof shardEntrySchema>>;

/** Where one identifier's entry is, and what opens it. */
export interface RecordPlace {
  readonly shard: number;
  readonly name: string;
  readonly key: Uint8Array;
}

/**
 * The hash is HMAC-SHA256 over the identifier, keyed by the site; its first four bytes choose the shard, its first sixteen name the entry.
 * @param key the records key, 32 bytes; as a key object when many are asked for. @param shards how many there are.
 */
export function placeOf(
  key: Uint8Array | KeyObject,
  { kind, value }: Identifier,
  shards: number,
): RecordPlace {
  const hash = createHmac('sha256', key).update(`prestage/machine/1\0${kind}\0${value}`).digest();
  const name = hash.subarray(0, NAME_BYTES);
  // The name is public; the identifier is part of the info, so that the key of the media alone opens nothing.
  const info = `prestage/machine-record/1\0${kind}\0${value}`;
  return {
    shard: hash.readUInt32BE(0) % shards,
    name: name.toString('hex'),
    key: new Uint8Array(hkdfSync('sha256', key, name, info, 32)),
  };
}

/** A record as it is stored: what decoding fills in may be left out. */
export type StoredRecord = Readonly<z.input<typeof machineRecordSchema>>;

/** @param nonce 12 bytes that were never used with this place before. */
export function sealRecord({ name, key }: RecordPlace, record: StoredRecord, nonce: Uint8Array): ShardEntry {
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(name));
  const box = Buffer.concat([cipher.update(JSON.stringify(record)), cipher.final(), cipher.getAuthTag()]);
  return { name, nonce: Buffer.from(nonce).toString('base64'), box: box.toString('base64') };
}

/**
 * The shard's bytes are proven by policy before; this says what is in them for one identifier.
 * @returns the record; undefined when there is none. Faults: TRUST-08, TRUST-10; TRUST-07 for an entry that its own key does not open.
 */
export function recordIn(shard: Uint8Array, place: RecordPlace): MachineRecord | undefined {
  const subject = `machine shard ${place.shard}`;
  const { entries } = decodeJson(shard, machineShardSchema, { name: subject, maxBytes: SHARD_MAX_BYTES });
  const entry = entries.find(({ name }) => name === place.name);
  if (entry === undefined) return undefined;
  return decodeJson(opened(entry, place, subject), machineRecordSchema, {
    name: `record in ${subject}`,
    maxBytes: RECORD_MAX_BYTES,
  });
}

function opened({ nonce, box }: ShardEntry, { name, key }: RecordPlace, subject: string): Uint8Array {
  const bytes = Buffer.from(box, 'base64');
  try {
    const end = bytes.length - TAG_BYTES;
    const decipher = createDecipheriv(CIPHER, key, Buffer.from(nonce, 'base64').subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(name)).setAuthTag(bytes.subarray(end));
    return Buffer.concat([decipher.update(bytes.subarray(0, end)), decipher.final()]);
  } catch (cause) {
    throw new Fault(
      'TRUST-07',
      subject,
      { expected: 'a record that its own key opens', found: 'other bytes' },
      { cause },
    );
  }
}
