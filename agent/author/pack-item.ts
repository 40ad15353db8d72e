// Packs of a published item: made with a new version while it is staged, and made anew for one whose packs are not what they would be now.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { decodeManifest } from '../content/decode-manifest.ts';
import { isDiffered, packDifference } from '../content/difference.ts';
import { onDistributionPoint } from '../content/layout.ts';
import type { ContentReference } from '../content/manifest.ts';
import { indexesTogether, joinIndexes, packedIndexes } from '../content/packed-indexes.ts';
import { isPackedManifest, packManifest } from '../content/packed-manifest.ts';
import { type DigestWorld, sha256OfFiles } from './digest-files.ts';
import { type OlderVersion, olderVersions, readIndexes } from './older-versions.ts';
import { packVersion } from './pack-version.ts';
import { onPoint } from './published-content.ts';
import type { SiteContent } from './read-site.ts';
import type { StageWorld } from './stage-item.ts';

/** Faults: DISK-*, STOP-01. */
export async function packStaged(
  item: SiteContent,
  { reference, staging }: { readonly reference: ContentReference; readonly staging: string },
  world: StageWorld,
): Promise<void> {
  const older = await olderVersions(world.point, item);
  await pack(reference, { folder: staging, into: path.join(staging, 'packs'), older }, world);
}

const FROM_OLDER = /^(indexes-|manifest-)?from-/;

/** Compares the packs of a version with what they would be now, and exchanges all that can be made when one differs. @returns whether one did. Faults: DISK-*, STOP-01. */
export async function mendPacks(
  item: Pick<SiteContent, 'id' | 'version'>,
  reference: ContentReference,
  world: StageWorld,
): Promise<boolean> {
  const { durable, point } = world;
  const folder = path.dirname(onPoint(point, onDistributionPoint.manifest(item.id, item.version)));
  const staging = path.join(path.dirname(folder), `.${item.version}.packs.staging`);
  const packs = path.join(folder, 'packs');
  await durable.remove(staging);
  const older = await olderVersions(point, item, await packedFrom(packs));
  await pack(reference, { folder, into: staging, older }, world);
  if (await holdsAll(packs, staging, world)) {
    await durable.remove(staging);
    return false;
  }
  // From versions that are gone by now: they cannot be made again, and computers that have those versions still use them.
  const made = new Set(await readdir(staging));
  for (const name of await readdir(packs).catch(() => [])) // Absent: published without packs.
    if (FROM_OLDER.test(name) && !made.has(name))
      await durable.rename(path.join(packs, name), path.join(staging, name));
  await durable.flushTrees([staging]);
  // A reader without packs takes the plain files.
  await durable.remove(packs);
  await durable.rename(staging, packs);
  return true;
}

async function pack(
  reference: ContentReference,
  {
    folder,
    into,
    older,
  }: { readonly folder: string; readonly into: string; readonly older: readonly OlderVersion[] },
  world: StageWorld,
): Promise<void> {
  const manifest = await readFile(path.join(folder, 'manifest.json'));
  const { files } = decodeManifest(manifest, reference);
  const place = (sha256: string): string => path.join(folder, 'chunks', `${sha256}.chunks`);
  const indexes = await readIndexes(files, place);
  await packVersion({ files, indexes, folder: path.join(folder, 'files') }, older, into, world);
  const write = (name: string, bytes: Uint8Array): Promise<void> =>
    world.durable.writeUnflushed(path.join(into, name), bytes);
  if (isPackedManifest(manifest.length)) await write('manifest.pack', packManifest(manifest));
  if (packedIndexes(files) !== undefined) await write('indexes.pack', joinIndexes({ files, indexes }));
  for (const from of older) {
    if (isDiffered(manifest.length, from.manifest.length))
      await write(`manifest-from-${from.version}.pack`, packDifference(manifest, from.manifest));
    if (isDiffered(indexesTogether(files).sizeBytes, indexesTogether(from.files).sizeBytes))
      await write(
        `indexes-from-${from.version}.pack`,
        packDifference(joinIndexes({ files, indexes }), joinIndexes(from)),
      );
  }
}

/** @returns the versions from which there are packs: later ones have come since, and are not what it was made from. undefined where there is no pack at all. */
async function packedFrom(packs: string): Promise<ReadonlySet<string> | undefined> {
  const names: readonly string[] = await readdir(packs).catch(() => []); // Absent: published without packs.
  if (!names.includes('full.pack.idx')) return undefined;
  return new Set(names.flatMap(name => /^from-(.+)\.pack\.idx$/.exec(name)?.[1] ?? []));
}

/** Packs from versions that are gone by now may lie there as well: computers that have them still use them. */
async function holdsAll(packs: string, wanted: string, world: DigestWorld): Promise<boolean> {
  const names = await readdir(wanted);
  const digest = (folder: string): Promise<ReadonlyMap<string, string | undefined>> =>
    sha256OfFiles(
      names.map(name => ({ path: name, absolute: path.join(folder, name), size: 0 })),
      world.signal === undefined ? { pool: world.pool } : { pool: world.pool, signal: world.signal },
    );
  const [found, now] = [await digest(packs), await digest(wanted)];
  return names.every(name => found.get(name) === now.get(name));
}
