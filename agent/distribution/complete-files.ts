// Completes the files of an item: what is in place stays, what lies elsewhere in the cache is reused, the rest is fetched. Shared by staging
// a version and mending a damaged one.

import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { ManifestFile } from '../content/manifest.ts';
import type { Acquired, AcquireRequest, AcquireWorld } from './acquire.ts';
import type { ChunkIndexes } from './chunk-indexes.ts';
import { withinDeadline } from './deadline.ts';
import { type FileWork, makeFolders, placeSmallFile } from './file-work.ts';
import { inspect } from './inspect.ts';
import { listTree } from './local-tree.ts';
import { takeOwnBytes } from './own-bytes.ts';
import { withoutRepeats } from './repeats.ts';
import { reuseChunks } from './reuse-chunks.ts';
import { reuseWholeFiles } from './reuse-files.ts';
import type { SeedFile, Seeds } from './seeds.ts';
import type { SourceChoice } from './source-choice.ts';
import { transfer } from './transfer.ts';

/** One acquisition and what belongs to it. */
export interface Acquisition {
  readonly request: AcquireRequest;
  readonly world: AcquireWorld;
  readonly choice: SourceChoice;
  readonly indexes: ChunkIndexes;
}

const EMPTY_SHA256 = createHash('sha256').digest('hex');

/** Afterwards every file lies whole and durable at its `assemble`. */
export async function completeFiles(
  works: readonly FileWork[],
  seeds: Seeds,
  acquisition: Acquisition,
): Promise<Acquired> {
  const { request, world, choice, indexes } = acquisition;
  const { id } = request.reference;
  const presentBytes = await withinDeadline(id, world, () => inspect(works, { ...world, indexes }));
  await letGoOfOtherNames(works, world);
  await makeFolders(works, world.durable);
  const elsewhere = request.whole === true ? undefined : world.seeds;
  let reusedBytes = await reuseWholeFiles(works, seeds, world, elsewhere);
  const twins = setTwinsAside(works);
  const firsts = works.filter(work => !twins.has(work));
  await withinDeadline(id, world, () => prepare(firsts, acquisition));
  reusedBytes += await reuseChunks(firsts, seeds, world, elsewhere);
  const { copiedBytes, packIndexBytes, ...transferred } = await withoutRepeats(
    firsts,
    () => withinDeadline(id, world, limited => transfer(firsts, request, choice, limited)),
    world,
  );
  reusedBytes += copiedBytes;
  reusedBytes += await linkTwins(twins, world);
  return { presentBytes, reusedBytes, indexBytes: indexes.fetchedBytes() + packIndexBytes, ...transferred };
}

/** Files of the item's folder and of what earlier attempts and versions left beside it. */
export async function seedsOf(
  id: string,
  ownStaging: string,
  { request, world }: Acquisition,
): Promise<readonly SeedFile[]> {
  const { layout } = world;
  const claims = new Map<string, ManifestFile>(request.local?.files.map(file => [file.path, file]));
  const seeds: SeedFile[] = [];
  for (const [name, { path: found, size }] of (await listTree(layout.item(id))).files) {
    const claimed = claims.get(name);
    seeds.push({ path: found, size, ...(claimed ? { claimed } : {}) });
  }
  for (const leftover of await leftoversOf(id, world)) {
    if (leftover === ownStaging) continue;
    for (const { path: found, size } of (await listTree(leftover)).files.values())
      seeds.push({ path: found, size });
  }
  return seeds;
}

/** Staged folders of this item, of whatever version. */
export async function leftoversOf(
  id: string,
  { layout }: Pick<AcquireWorld, 'layout'>,
): Promise<readonly string[]> {
  const names = await readdir(layout.packages).catch(() => []);
  return names
    .filter(name => name.startsWith(`${id}.`) && name.endsWith('.partial'))
    .map(name => path.join(layout.packages, name));
}

/** Of several absent files with the same bytes one is completed, and the others become further names of it. */
function setTwinsAside(works: readonly FileWork[]): ReadonlyMap<FileWork, FileWork> {
  const firsts = new Map<string, FileWork>();
  const twins = new Map<FileWork, FileWork>();
  for (const work of works) {
    if (work.missing === 'nothing' || work.found !== undefined || work.file.size === 0) continue;
    const first = firsts.get(work.file.sha256);
    if (first) twins.set(work, first);
    else firsts.set(work.file.sha256, work);
  }
  return twins;
}

async function linkTwins(twins: ReadonlyMap<FileWork, FileWork>, { durable }: AcquireWorld): Promise<number> {
  await durable.linkOrCopyAll(
    [...twins].map(([twin, first]) => ({ from: first.assemble, to: twin.assemble })),
  );
  let linkedBytes = 0;
  for (const twin of twins.keys()) {
    twin.missing = 'nothing';
    linkedBytes += twin.file.size;
  }
  return linkedBytes;
}

/** A small file is written where it lies: another version that has it under another name would be changed. Large ones see to themselves (own-bytes.ts). */
async function letGoOfOtherNames(works: readonly FileWork[], { durable }: AcquireWorld): Promise<void> {
  for (const { file, found, live, missing, assemble } of works)
    if (file.chunks === undefined && found?.linked && !live && missing !== 'nothing')
      await durable.remove(assemble);
}

/** Gives every large file its index, cuts what is too long, and makes files that have nothing in them. */
async function prepare(works: readonly FileWork[], { world, indexes }: Acquisition): Promise<void> {
  await indexes.all(works.filter(work => work.missing !== 'nothing').map(work => work.file));
  for (const work of works) {
    const { file, found } = work;
    if (work.missing === 'nothing') continue;
    if (file.size === 0 && file.sha256 === EMPTY_SHA256)
      await placeSmallFile(work, new Uint8Array(), world.durable);
    if (file.chunks === undefined) continue;
    work.index ??= await indexes.of(file);
    if (work.missing === 'whole') work.missing = new Uint8Array(work.index.count).fill(1);
    if (found?.linked)
      await takeOwnBytes({ path: work.assemble, index: work.index, missing: work.missing }, world);
    else if (found !== undefined && found.size > file.size) await cutToSize(work, world);
  }
}

async function cutToSize({ file, assemble }: FileWork, { durable }: AcquireWorld): Promise<void> {
  const partial = await durable.openPartial(assemble);
  try {
    await partial.truncate(file.size);
    await partial.flush();
  } finally {
    await partial.close();
  }
}
