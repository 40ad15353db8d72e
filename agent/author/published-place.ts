// How a published version looks on the distribution point without asking for each of its files: its folders tell when a name in them came, went or
// was exchanged. They do not tell when bytes inside a file changed; that is what --rehash is for.
import { createHash } from 'node:crypto';
import { type BigIntStats, lstatSync } from 'node:fs';
import path from 'node:path';
import { changedNs, isSettled, stampOf } from '../content/file-stamp.ts';
import { onDistributionPoint } from '../content/layout.ts';
import { onPoint } from './published-content.ts';
import type { SourceTree } from './source-tree.ts';

export interface PublishedPlace {
  /** SHA-256 over the stamps of the version's folders and of its manifest. */
  readonly stamp: string;
  /** When any of them was changed last, by the point's clock. */
  readonly changedNs: bigint;
}

/** @returns undefined when it cannot be looked at. */
export function lookAtPlace(
  point: string,
  { id, version }: { readonly id: string; readonly version: string },
  { folders }: Pick<SourceTree, 'folders'>,
): PublishedPlace | undefined {
  const manifest = onPoint(point, onDistributionPoint.manifest(id, version));
  const folder = path.dirname(manifest);
  const hash = createHash('sha256');
  let changed = 0n;
  const names = [folder, manifest, path.join(folder, 'chunks')];
  try {
    for (const name of [...names, ...folders.map(each => path.join(folder, 'files', each))]) {
      const stats = lstatSync(name, { bigint: true, throwIfNoEntry: false });
      hash.update(`${name.slice(folder.length)}\0${stats === undefined ? 'absent' : stampOf(stats)}\0`);
      if (stats !== undefined && changedNs(stats) > changed) changed = changedNs(stats);
    }
  } catch {
    // What cannot be looked at is looked at file by file, which tells what is wrong.
    return undefined;
  }
  return { stamp: hash.digest('hex'), changedNs: changed };
}

/**
 * @param witness something that was just written on the point: its time is the point's clock.
 * @returns the stamp, when a later change would certainly give another one.
 */
export function settledStamp(place: PublishedPlace | undefined, witness: string): string | undefined {
  const stats: BigIntStats | undefined = lstatSync(witness, { bigint: true, throwIfNoEntry: false });
  if (place === undefined || stats === undefined) return undefined;
  return isSettled(place.changedNs, stats.mtimeNs) ? place.stamp : undefined;
}
