// Lays machine records into shards on a distribution point: as many as keep what one machine fetches, policy's pins and one shard, smallest.
import { createHash, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import path from 'node:path';
import pLimit from 'p-limit';
import type { DurableFiles } from '../durable/durable-files.ts';
import type { Identifier } from '../facts/identifiers.ts';
import { allEnded } from '../fault/all-ended.ts';
import { Fault } from '../fault/fault.ts';
import type { MachineRecord } from '../policy/machine-record.ts';
import {
  placeOf,
  type RecordPlace,
  SHARD_MAX_BYTES,
  type StoredRecord,
  sealRecord,
} from '../policy/machine-shards.ts';
import type { Policy } from '../policy/policy.ts';
import { recordsKeyId } from '../trust/machine-key.ts';
import type { KnownMachine } from './known-machines.ts';

/** What policy pins at most. */
const MAX_SHARDS = 4096;

/** A smaller shard would save nothing: what HTTP says around it is as long. */
const SMALLEST_BYTES = 4096;

/** One digest in policy, and what an entry has besides the record: name, nonce, tag, quotes. */
const PIN_BYTES = 73;
const ENTRY_BYTES = 150;

/** Small files spend their time waiting for their flush; so many wait together. */
const WRITES_AT_ONCE = 16;

/**
 * Writes `<folder>/<number>.json`, durable when it resolves. One shard at a time is in memory.
 * @param key the records key. @returns what policy says of the shards. Fault: TRUST-08 for a shard beyond the cap of those who read it.
 */
export async function sealMachines(
  machines: readonly KnownMachine[],
  key: Uint8Array,
  folder: string,
  durable: DurableFiles,
): Promise<NonNullable<Policy['machines']>> {
  const rows = machines.flatMap(({ identifiers, record }) => {
    const compact = withoutDefaults(record);
    return identifiers.map(identifier => ({ identifier, record: compact }));
  });
  const shards = sharded(rows, createSecretKey(key), shardCount(rows));
  await durable.makeFolder(folder);
  const limit = pLimit(WRITES_AT_ONCE);
  const write = async (number: number): Promise<string> => {
    const bytes = shardBytes(shards[number] ?? []);
    if (bytes.byteLength > SHARD_MAX_BYTES)
      throw new Fault('TRUST-08', `machine shard ${number}`, {
        expected: `at most ${SHARD_MAX_BYTES} bytes`,
        found: bytes.byteLength,
      });
    await durable.replaceFile(path.join(folder, `${number}.json`), bytes);
    return createHash('sha256').update(bytes).digest('hex');
  };
  // The caller removes the folder after a failure.
  const digests = await allEnded(shards.map((_, number) => limit(() => write(number))));
  return {
    digests: [...digests],
    keyId: recordsKeyId(key),
  };
}

interface Row {
  readonly identifier: Identifier;
  readonly record: StoredRecord;
}

/** @returns the power of two for which policy's pins and an average shard together are smallest. */
export function shardCount(rows: readonly Pick<Row, 'record'>[]): number {
  const total = rows.reduce(
    (sum, { record }) => sum + ENTRY_BYTES + (JSON.stringify(record).length * 4) / 3,
    0,
  );
  let best = 1;
  for (let count = 2; count <= MAX_SHARDS && total / count >= SMALLEST_BYTES; count *= 2) {
    if (count * PIN_BYTES + total / count < best * PIN_BYTES + total / best) best = count;
  }
  return best;
}

interface Placed {
  readonly place: RecordPlace;
  readonly record: StoredRecord;
}

function sharded(rows: readonly Row[], key: KeyObject, count: number): readonly Placed[][] {
  const shards: Placed[][] = Array.from({ length: count }, () => []);
  for (const { identifier, record } of rows) {
    const place = placeOf(key, identifier, count);
    shards[place.shard]?.push({ place, record });
  }
  return shards;
}

/** In the order of the names, which says nothing of the order in the site's documents. */
function shardBytes(rows: readonly Placed[]): Uint8Array {
  const entries = rows
    .map(({ place, record }) => sealRecord(place, record, randomBytes(12)))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return Buffer.from(`${JSON.stringify({ format: 'prestage-machines/1', entries })}\n`);
}

/** What decoding fills in need not be stored thrice. */
function withoutDefaults({ variables, secret, collections, ...rest }: MachineRecord): StoredRecord {
  return {
    ...rest,
    ...(Object.keys(variables).length > 0 && { variables }),
    ...(secret.length > 0 && { secret }),
    ...(collections.length > 0 && { collections }),
  };
}
