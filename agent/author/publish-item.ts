// Brings one version of one content item onto a distribution point folder. A version appears there whole, in one rename, and never changes.
import { createHash } from 'node:crypto';
import path from 'node:path';
import { decodeManifest } from '../content/decode-manifest.ts';
import { type EncodedManifest, encodeManifest } from '../content/encode-manifest.ts';
import { onDistributionPoint } from '../content/layout.ts';
import type { ContentReference } from '../content/manifest.ts';
import { Fault } from '../fault/fault.ts';
import { type DigestedFile, digestFiles, sha256OfFiles } from './digest-files.ts';
import type { LookedAt } from './look-at-item.ts';
import { mendPacks, packStaged } from './pack-item.ts';
import { badPublishedFiles, differences, onPoint, publishedManifestBytes } from './published-content.ts';
import { requireSameTree, requireUnchanged, type SourceFile, sourceFiles } from './source-tree.ts';
import { manifestOf, removeStaging, type StageWorld, stageItem } from './stage-item.ts';

/** What publishing an item did. `mended`: this very version was there, but damaged on the distribution point. */
export type PublishOutcome = 'published' | 'unchanged' | 'mended';

export interface ItemWorld extends StageWorld {
  /** Reads everything again, at the source and at the distribution point. */
  readonly rehash: boolean;
  /** New versions get packs beside their plain files. */
  readonly packs: boolean;
}

/** A version ready to appear, or one that is there. */
export interface PreparedItem {
  readonly looked: LookedAt;
  readonly reference: ContentReference;
  readonly outcome: PublishOutcome;
  /** Where a new version waits to be flushed and renamed. */
  readonly staging: string | undefined;
}

/**
 * Reads the source and stages a new version, or compares it with the published one. Nothing appears yet.
 * Faults: USAGE-06 this version was published with other bytes, USAGE-08, USAGE-13, DISK-*, STOP-01.
 */
export async function prepareItem(looked: LookedAt, world: ItemWorld): Promise<PreparedItem> {
  const { item, tree, settled } = looked;
  if (world.signal?.aborted) throw new Fault('STOP-01', item.id, {}, { cause: world.signal.reason });
  const published = await publishedUnlessSettled(looked, world);
  if (published === 'settled' && settled !== undefined)
    return { looked, reference: settled, outcome: 'unchanged', staging: undefined };
  await removeStaging(item, world);
  const files = sourceFiles(tree);
  if (typeof published !== 'object') {
    const staged = await stageItem(item, files, world);
    await requireSameTree(tree);
    if (world.packs) await packStaged(item, staged, world);
    return { looked, ...staged, outcome: 'published' };
  }
  const digested = await digestFiles(files, world);
  await requireSameTree(tree);
  const rows = digested.map(each => each.entry);
  const encoded = encodeManifest(manifestOf(item, rows));
  const publishedDigest = sha256(published);
  if (
    encoded.reference.digest !== publishedDigest &&
    encoded.reference.digest !== looked.remembered?.digest
  ) {
    throw new Fault('USAGE-06', `${item.id} ${item.version}`, {
      expected: publishedDigest,
      found: encoded.reference.digest,
      differences: differences(published, publishedDigest, manifestOf(item, rows)),
    });
  }
  const mended = await mend(looked, { files, digested, encoded, published }, world);
  return {
    looked,
    reference: encoded.reference,
    outcome: mended ? 'mended' : 'unchanged',
    staging: undefined,
  };
}

/** @returns `settled`; else the bytes of the published manifest, undefined when this version was never published. */
async function publishedUnlessSettled(
  { item, settled, unsettled }: LookedAt,
  world: ItemWorld,
): Promise<Uint8Array | 'settled' | undefined> {
  if (settled !== undefined && unsettled.length === 0) return 'settled';
  const published = await publishedManifestBytes(world.point, item.id, item.version);
  if (settled === undefined || published === undefined || sha256(published) !== settled.digest)
    return published;
  const found = await sha256OfFiles(unsettled, world);
  for (const file of unsettled) requireUnchanged(file);
  const { files } = decodeManifest(published, settled);
  const wanted = new Map(files.map(file => [file.path, file.sha256]));
  return unsettled.every(file => wanted.get(file.path) === found.get(file.path)) ? 'settled' : published;
}

/** Writes again what the distribution point has lost or damaged of a version whose source is still the same. @returns whether there was anything. */
async function mend(
  { item }: LookedAt,
  {
    files,
    digested,
    encoded,
    published,
  }: {
    readonly files: readonly SourceFile[];
    readonly digested: readonly DigestedFile[];
    readonly encoded: EncodedManifest;
    readonly published: Uint8Array;
  },
  world: ItemWorld,
): Promise<boolean> {
  const { durable, point } = world;
  const rows = new Map(digested.map(({ entry }) => [entry.path, entry]));
  const manifest = manifestOf(item, [...rows.values()]);
  const bad = new Set(
    (await badPublishedFiles(point, manifest, world.rehash ? world : undefined)).map(file => file.path),
  );
  for (const file of files.filter(each => bad.has(each.path))) {
    const target = onPoint(point, onDistributionPoint.file(item.id, item.version, file.path));
    await durable.makeFolder(path.dirname(target));
    await durable.copyFile(file.absolute, target);
    const wanted = rows.get(file.path)?.sha256;
    const found = (await sha256OfFiles([{ ...file, absolute: target }], world)).get(file.path);
    if (found !== wanted) throw new Fault('USAGE-13', file.absolute, { expected: wanted, found });
  }
  for (const { entry, index } of digested) {
    if (index === undefined || !(bad.has(entry.path) || world.rehash)) continue;
    const target = onPoint(point, onDistributionPoint.chunkIndex(item.id, item.version, entry.sha256));
    await durable.makeFolder(path.dirname(target));
    await durable.replaceFile(target, index);
  }
  const manifestDamaged = sha256(published) !== encoded.reference.digest;
  if (manifestDamaged)
    await durable.replaceFile(
      onPoint(point, onDistributionPoint.manifest(item.id, item.version)),
      encoded.bytes,
    );
  const packsMended = world.packs && world.rehash && (await mendPacks(item, encoded.reference, world));
  return bad.size > 0 || manifestDamaged || packsMended;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
