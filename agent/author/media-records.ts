// Machine records and media: the key that reads them, and the records themselves on media that may be followed offline, all or none.
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { type CacheLayout, onDistributionPoint } from '../content/layout.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import type { Policy } from '../policy/policy.ts';
import { recordsKey, recordsKeyId } from '../trust/machine-key.ts';
import { type DigestWorld, sha256OfFiles } from './digest-files.ts';
import { type KeyAccess, loadMachineKey, requireMachineKey } from './key-files.ts';
import { onPoint } from './published-content.ts';
import type { Site } from './read-site.ts';

/** What media carry at most; above it they need a management point. */
export const CARRIED_MAX_BYTES = 16 * 1024 * 1024;

/** `not-needed`: policy has none, or the media always ask a management point. */
export interface CarriedShards {
  readonly decision: 'carried' | 'too-large' | 'not-needed';
  readonly bytes: number;
}

/** The records key, where the site has one: media made before there are records find those of later. Fault: USAGE-11 another one than policy's. */
export async function recordsKeyOf(
  site: Site,
  keys: string,
  { machines }: Policy,
  access: KeyAccess = {},
): Promise<Uint8Array | undefined> {
  const { machine } = site.keys;
  const root =
    machines === undefined
      ? await loadMachineKey(keys, machine, access)
      : await requireMachineKey(keys, machine, access);
  if (root === undefined) return undefined;
  const key = recordsKey(root);
  if (machines?.keyId !== undefined && machines.keyId !== recordsKeyId(key))
    throw new Fault('USAGE-11', `${machine}.key`, {
      expected: `the key with which policy was published (${machines.keyId}), or publish again`,
      found: recordsKeyId(key),
    });
  return key;
}

/** @returns whether media with `policy` carry its machine records. Fault: CONTENT-08 one is absent. */
export async function decideShards(
  point: string,
  { serial, machines }: Policy,
  allowOffline: boolean,
): Promise<CarriedShards> {
  if (machines === undefined || !allowOffline) return { decision: 'not-needed', bytes: 0 };
  let bytes = 0;
  for (const number of machines.digests.keys()) {
    const file = onPoint(point, onDistributionPoint.policyShard(serial, number));
    const found = await stat(file).catch(cause => {
      throw new Fault(
        'CONTENT-08',
        file,
        { expected: 'machine records', found: 'no readable file' },
        { cause },
      );
    });
    bytes += found.size;
  }
  return { decision: bytes > CARRIED_MAX_BYTES ? 'too-large' : 'carried', bytes };
}

/** Lays every shard onto the volume, proven by policy. Faults: CONTENT-08, DISK-*. @returns where they lie now. */
export async function layShards(
  point: string,
  { serial, machines }: Policy,
  layout: CacheLayout,
  world: DigestWorld & { readonly durable: DurableFiles },
): Promise<readonly string[]> {
  const digests = machines?.digests ?? [];
  const pairs = digests.map((_, number) => ({
    from: onPoint(point, onDistributionPoint.policyShard(serial, number)),
    to: layout.policyShard(number),
  }));
  await world.durable.makeFolder(path.dirname(layout.policyShard(0)));
  await world.durable.linkOrCopyAll(pairs);
  const files = await Promise.all(
    pairs.map(async ({ to }) => ({ path: to, absolute: to, size: (await stat(to)).size })),
  );
  const found = await sha256OfFiles(files, world);
  for (const [number, { from, to }] of pairs.entries()) {
    if (found.get(to) !== digests[number])
      throw new Fault('CONTENT-08', from, { expected: digests[number], found: found.get(to) });
  }
  return pairs.map(({ to }) => to);
}
