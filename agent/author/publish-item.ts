// Brings one version of one content item onto a distribution point folder. A version appears there whole, in one rename, and never changes.
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { decodeManifest } from '../content/decode-manifest.ts';
import { type EncodedManifest, encodeManifest } from '../content/encode-manifest.ts';
import { onDistributionPoint } from '../content/layout.ts';
import type { ContentManifest, ContentReference, DetectionClause } from '../content/manifest.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import { osImageFile } from '../media/os-image-file.ts';
import { describeWim } from '../wim/read-wim.ts';
import { type DigestedFile, type DigestWorld, digestFiles, sha256OfFiles } from './digest-files.ts';
import { fingerprintOf, type RememberedItem } from './publish-state.ts';
import { badPublishedFiles, differences, onPoint, publishedManifestBytes } from './published-content.ts';
import type { SiteContent } from './read-site.ts';
import { listSource, requireUnchanged, type SourceFile } from './source-tree.ts';

/** What publishing an item did. `mended`: this very version was there, but damaged on the distribution point. */
export type PublishOutcome = 'published' | 'unchanged' | 'mended';

export interface ItemWorld extends DigestWorld {
  readonly point: string;
  readonly durable: DurableFiles;
  /** Reads everything again, at the source and at the distribution point. */
  readonly rehash: boolean;
}

/** An item after a look at source and distribution point, before any byte is read. */
export interface LookedAt {
  readonly item: SiteContent;
  readonly files: readonly SourceFile[];
  readonly fingerprint: string;
  /** The published manifest of this version; undefined when it was never published. */
  readonly published: Uint8Array | undefined;
  /** Set when the look alone shows that nothing has to be done. */
  readonly settled: ContentReference | undefined;
  readonly remembered: RememberedItem | undefined;
}

/** A version ready to appear, or one that is there. */
export interface PreparedItem {
  readonly item: SiteContent;
  readonly reference: ContentReference;
  readonly fingerprint: string;
  readonly fileCount: number;
  readonly outcome: PublishOutcome;
  /** Where a new version waits for its rename. */
  readonly staging: string | undefined;
}

/** A stop is heeded between batches. */
const COPIES_A_BATCH = 256;

/** Faults: USAGE-07, USAGE-08. */
export async function lookAtItem(
  item: SiteContent,
  remembered: RememberedItem | undefined,
  world: ItemWorld,
): Promise<LookedAt> {
  const files = await listSource(item.sourceFolder, item.id);
  if (item.type === 'os-image' || item.type === 'boot-image') requireImage(item, files);
  requireScripts(item, files);
  const fingerprint = fingerprintOf(item, files);
  const published = await publishedManifestBytes(world.point, item.id, item.version);
  const looked = { item, files, fingerprint, published, remembered, settled: undefined };
  if (world.rehash || published === undefined || remembered?.fingerprint !== fingerprint) return looked;
  if (remembered.version !== item.version || sha256(published) !== remembered.digest) return looked;
  const manifest = decodeManifest(published, {
    digest: remembered.digest,
    id: item.id,
    version: item.version,
  });
  const bad = await badPublishedFiles(world.point, manifest);
  return bad.length > 0 ? looked : { ...looked, settled: encodeManifest(manifest).reference };
}

/**
 * Reads the source and stages a new version, or compares it with the published one. Nothing appears yet.
 * Faults: USAGE-06 this version was published with other bytes, USAGE-13, IMAGE-01, IMAGE-02, DISK-*, STOP-01.
 */
export async function prepareItem(looked: LookedAt, world: ItemWorld): Promise<PreparedItem> {
  const { item, files, fingerprint, published, settled } = looked;
  const base = { item, fingerprint, fileCount: files.length, staging: undefined };
  if (settled !== undefined) return { ...base, reference: settled, outcome: 'unchanged' };
  if (item.type === 'os-image')
    await describeWim(path.join(item.sourceFolder, osImageFile({ ...item, files: asEntries(files) }).path));
  if (published === undefined) return { ...base, ...(await stage(looked, world)), outcome: 'published' };
  const digested = await digestSource(files, world);
  const encoded = encodeManifest(manifestOf(item, digested));
  const publishedDigest = sha256(published);
  if (
    encoded.reference.digest !== publishedDigest &&
    encoded.reference.digest !== looked.remembered?.digest
  ) {
    throw new Fault('USAGE-06', `${item.id} ${item.version}`, {
      expected: publishedDigest,
      found: encoded.reference.digest,
      differences: differences(published, publishedDigest, manifestOf(item, digested)),
    });
  }
  const mended = await mend(looked, digested, encoded, world);
  return { ...base, reference: encoded.reference, outcome: mended ? 'mended' : 'unchanged' };
}

/** Lets a staged version appear. */
export async function revealItem(
  { item, staging }: PreparedItem,
  { point, durable }: Pick<ItemWorld, 'point' | 'durable'>,
): Promise<void> {
  if (staging !== undefined) await durable.rename(staging, versionFolder(point, item));
}

/** Removes what a stopped run may have left for this item. */
export async function removeStaging(
  item: SiteContent,
  { point, durable }: Pick<ItemWorld, 'point' | 'durable'>,
): Promise<void> {
  const folder = path.dirname(versionFolder(point, item));
  const names = await readdir(folder).catch(() => []); // Absent: nothing was ever staged.
  for (const name of names)
    if (name.startsWith('.') && name.endsWith('.staging')) await durable.remove(path.join(folder, name));
}

async function stage(
  { item, files }: LookedAt,
  world: ItemWorld,
): Promise<{ readonly reference: ContentReference; readonly staging: string }> {
  const { durable } = world;
  const final = versionFolder(world.point, item);
  const staging = path.join(path.dirname(final), `.${item.version}.staging`);
  await durable.remove(staging);
  const place = (file: { readonly path: string }) => path.join(staging, 'files', ...file.path.split('/'));
  for (const folder of new Set(files.map(file => path.dirname(place(file)))))
    await durable.makeFolder(folder);
  for (let at = 0; at < files.length; at += COPIES_A_BATCH) {
    if (world.signal?.aborted) throw new Fault('STOP-01', item.id, {}, { cause: world.signal.reason });
    const batch = files.slice(at, at + COPIES_A_BATCH);
    await durable.copyAll(batch.map(file => ({ from: file.absolute, to: place(file) })));
    await Promise.all(batch.map(requireUnchanged));
  }
  // The copy is digested, not the source: what is published is then what the manifest says, whatever happens to the source meanwhile.
  const digested = await digestFiles(
    files.map(file => ({ path: file.path, absolute: place(file), size: file.size })),
    world,
  );
  const encoded = encodeManifest(manifestOf(item, digested));
  await durable.makeFolder(path.join(staging, 'chunks'));
  for (const { entry, index } of digested) {
    if (index !== undefined)
      await durable.replaceFile(path.join(staging, 'chunks', `${entry.sha256}.chunks`), index);
  }
  await durable.replaceFile(path.join(staging, 'manifest.json'), encoded.bytes);
  return { reference: encoded.reference, staging };
}

/** Writes again what the distribution point has lost or damaged of a version whose source is still the same. @returns whether there was anything. */
async function mend(
  looked: LookedAt,
  digested: readonly DigestedFile[],
  encoded: EncodedManifest,
  world: ItemWorld,
): Promise<boolean> {
  const { item, files, published } = looked;
  const { durable, point } = world;
  const manifest = manifestOf(item, digested);
  const bad = new Set(
    (await badPublishedFiles(point, manifest, world.rehash ? world : undefined)).map(file => file.path),
  );
  for (const file of files.filter(each => bad.has(each.path))) {
    const target = onPoint(point, onDistributionPoint.file(item.id, item.version, file.path));
    await durable.makeFolder(path.dirname(target));
    await durable.copyFile(file.absolute, target);
    const wanted = digested.find(each => each.entry.path === file.path)?.entry.sha256;
    const found = (await sha256OfFiles([{ ...file, absolute: target }], world)).get(file.path);
    if (found !== wanted) throw new Fault('USAGE-13', file.absolute, { expected: wanted, found });
  }
  for (const { entry, index } of digested) {
    if (index === undefined || !(bad.has(entry.path) || world.rehash)) continue;
    const target = onPoint(point, onDistributionPoint.chunkIndex(item.id, item.version, entry.sha256));
    await durable.makeFolder(path.dirname(target));
    await durable.replaceFile(target, index);
  }
  const manifestDamaged = published === undefined || sha256(published) !== encoded.reference.digest;
  if (manifestDamaged)
    await durable.replaceFile(
      onPoint(point, onDistributionPoint.manifest(item.id, item.version)),
      encoded.bytes,
    );
  return bad.size > 0 || manifestDamaged;
}

async function digestSource(
  files: readonly SourceFile[],
  world: ItemWorld,
): Promise<readonly DigestedFile[]> {
  const digested = await digestFiles(files, world);
  await Promise.all(files.map(requireUnchanged));
  return digested;
}

function manifestOf(
  { id, version, type, name, install, detection, dependencies }: SiteContent,
  digested: readonly DigestedFile[],
): ContentManifest {
  return {
    format: 'prestage-content/1',
    id,
    version,
    type,
    name,
    files: digested.map(each => each.entry),
    ...(install && { install }),
    ...(detection && { detection }),
    ...(dependencies && { dependencies }),
  };
}

/** An image item without its one image could never be applied. */
function requireImage(item: SiteContent, files: readonly SourceFile[]): void {
  const images = files.filter(file => file.path.toLowerCase().endsWith('.wim')).map(file => file.path);
  if (images.length !== 1)
    throw new Fault('USAGE-08', item.sourceFolder, {
      expected: `one .wim file for ${item.id}`,
      found: images,
    });
}

/** A detection script that the item does not have would be found missing on the first machine only. */
function requireScripts(
  { id, sourceFolder, detection = [] }: SiteContent,
  files: readonly SourceFile[],
): void {
  const names = new Set(files.map(file => file.path.toLowerCase()));
  for (const script of detection.flatMap(scriptsOf)) {
    if (names.has(script.replaceAll('\\', '/').toLowerCase())) continue;
    throw new Fault('USAGE-08', sourceFolder, {
      expected: `${script}, the detection script of ${id}`,
      found: 'no such file',
    });
  }
}

function scriptsOf(clause: DetectionClause): readonly string[] {
  if ('any' in clause) return clause.any.flatMap(scriptsOf);
  if ('all' in clause) return clause.all.flatMap(scriptsOf);
  return 'script' in clause ? [clause.script] : [];
}

function asEntries(files: readonly SourceFile[]): ContentManifest['files'] {
  return files.map(file => ({ path: file.path, size: file.size, sha256: '' }));
}

function versionFolder(point: string, { id, version }: SiteContent): string {
  return path.dirname(onPoint(point, onDistributionPoint.manifest(id, version)));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
