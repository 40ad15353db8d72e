// What a distribution point has that nobody needs any more, by looking: versions, leftovers of publishes that were cut, indexes of no file. What is
// not certainly Prestage's own is named and left.
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { onDistributionPoint } from '../content/layout.ts';
import {
  type ContentManifest,
  contentId,
  contentManifestSchema,
  contentVersion,
} from '../content/manifest.ts';
import { TEMPORARY_SUFFIX } from '../durable/open-durable-files.ts';
import { Fault } from '../fault/fault.ts';
import { onPoint, publishedManifestBytes } from './published-content.ts';
import { lookAtSource, sourceBytes } from './source-tree.ts';

export interface UnneededVersion {
  readonly id: string;
  readonly version: string;
  readonly files: number;
  readonly bytes: number;
}

/** Paths are relative to the point, `/` between names. */
export interface PrunePlan {
  readonly versions: readonly UnneededVersion[];
  /** Of publishes and prunes that were cut, and chunk indexes that belong to no file. */
  readonly leftovers: readonly string[];
  /** What Prestage did not put there: it stays, and with it the version that it lies in. */
  readonly foreign: readonly string[];
  /** How many versions are needed and there. */
  readonly kept: number;
}

/** What a version is called while it is being removed. */
export const prunedName = (version: string): string => `.${version}.pruned`;

/** Below a version's folder. What an older version was called can be anything that a version can be; the first two are what Prestage once called them. */
const PACK_NAME =
  /^packs\/(indexes|manifest|((indexes-|manifest-)?from-[0-9A-Za-z][0-9A-Za-z._-]{0,63}|full|indexes|manifest)\.pack(\.idx)?)$/;

const LEFTOVER_NAME = /^\..+\.(staging|pruned)$/;

/** @param needed `<ID>/<version>` of every version that somebody needs. Faults: USAGE-08. */
export async function planPrune(point: string, needed: ReadonlySet<string>): Promise<PrunePlan> {
  const found = { versions: [] as UnneededVersion[], leftovers: [] as string[], foreign: [] as string[] };
  let kept = 0;
  for (const folder of ['content', 'policy']) if (await isLink(point, folder)) found.foreign.push(folder);
  for (const id of await namesIn(point, 'content')) {
    const folder = `content/${id}`;
    if (!contentId.safeParse(id).success || (await isLink(point, folder))) {
      found.foreign.push(folder);
      continue;
    }
    for (const version of await namesIn(point, folder)) {
      const relative = `${folder}/${version}`;
      if (LEFTOVER_NAME.test(version)) {
        found.leftovers.push(relative);
        continue;
      }
      const isName = contentVersion.safeParse(version).success && !(await isLink(point, relative));
      const manifest = isName ? await manifestOn(point, id, version) : undefined;
      if (manifest === undefined) {
        found.foreign.push(relative);
        continue;
      }
      const { foreign, leftovers, files, bytes } = await lookInside(point, relative, manifest);
      found.foreign.push(...foreign);
      if (needed.has(`${id}/${version}`)) {
        kept += 1;
        found.leftovers.push(...leftovers);
      } else if (foreign.length === 0) found.versions.push({ id, version, files, bytes });
    }
  }
  for (const name of await namesIn(point, 'policy'))
    if (LEFTOVER_NAME.test(name)) found.leftovers.push(`policy/${name}`);
  return { ...found, kept };
}

/** @returns undefined when there is no manifest, or none of this very version: then the folder is not a version that Prestage published. */
async function manifestOn(point: string, id: string, version: string): Promise<ContentManifest | undefined> {
  const bytes = await publishedManifestBytes(point, id, version).catch(() => undefined); // A file in place of the folder.
  if (bytes === undefined) return undefined;
  const text = z
    .string()
    .transform(value => JSON.parse(value))
    .pipe(contentManifestSchema);
  try {
    const parsed = text.safeParse(Buffer.from(bytes).toString('utf8'));
    return parsed.success && parsed.data.id === id && parsed.data.version === version
      ? parsed.data
      : undefined;
  } catch {
    // No JSON: not what Prestage wrote.
    return undefined;
  }
}

async function lookInside(
  point: string,
  relative: string,
  manifest: ContentManifest,
): Promise<Pick<PrunePlan, 'foreign' | 'leftovers'> & Pick<UnneededVersion, 'files' | 'bytes'>> {
  const { id, version } = manifest;
  const own = new Set([
    onDistributionPoint.manifest(id, version),
    ...manifest.files.map(file => onDistributionPoint.file(id, version, file.path)),
    ...manifest.files.map(file => onDistributionPoint.chunkIndex(id, version, file.sha256)),
  ]);
  const tree = await lookAtSource(onPoint(point, relative));
  const { paths } = tree;
  const foreign: string[] = [];
  const leftovers: string[] = [];
  for (const each of paths) {
    const name = `${relative}/${each}`;
    if (own.has(name)) continue;
    if (PACK_NAME.test(each)) continue;
    const isOwn = name.endsWith(TEMPORARY_SUFFIX) || /^chunks\/[0-9a-f]{64}\.chunks$/.test(each);
    (isOwn ? leftovers : foreign).push(name);
  }
  return { foreign, leftovers, files: paths.length, bytes: sourceBytes(tree) };
}

/** Where a link leads to may be another site's: nothing is removed there, nor the link. */
async function isLink(point: string, relative: string): Promise<boolean> {
  return (await lstat(onPoint(point, relative)).catch(() => undefined))?.isSymbolicLink() ?? false;
}

/** Sorted; empty when there is no such folder, or a link in its place. A file in its place is left to whoever asks for its names. */
async function namesIn(point: string, relative: string): Promise<readonly string[]> {
  const folder = onPoint(point, relative);
  const found = await lstat(folder).catch(() => undefined); // Absent: nothing there.
  if (!found?.isDirectory()) return [];
  return (
    await readdir(folder).catch(cause => {
      throw new Fault('USAGE-08', path.resolve(folder), {}, { cause });
    })
  ).toSorted();
}
