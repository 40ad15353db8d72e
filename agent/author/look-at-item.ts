// The look at one content item before content is read: what its source holds, what is published, and whether that is still the same.
import { createHash } from 'node:crypto';
import path from 'node:path';
import { decodeManifest } from '../content/decode-manifest.ts';
import type { ContentReference, DetectionClause } from '../content/manifest.ts';
import { Fault } from '../fault/fault.ts';
import { describeWim } from '../wim/read-wim.ts';
import { requireFat32 } from './media-limits.ts';
import { fingerprintOf, type RememberedItem } from './publish-state.ts';
import { badPublishedFiles, publishedManifestBytes } from './published-content.ts';
import { lookAtPlace } from './published-place.ts';
import type { SiteContent } from './read-site.ts';
import {
  lookAtSource,
  requireStorable,
  type SourceFile,
  type SourceTree,
  sourceFiles,
} from './source-tree.ts';

export interface LookedAt {
  readonly item: SiteContent;
  readonly tree: SourceTree;
  readonly fingerprint: string;
  readonly remembered: RememberedItem | undefined;
  /** The reference of the published version, where source and distribution point look as they were remembered. */
  readonly settled: ContentReference | undefined;
  /** Files of a settled item that have to be read once more before that counts. */
  readonly unsettled: readonly SourceFile[];
}

/** Nothing is written. Faults: USAGE-07, USAGE-08, IMAGE-01, IMAGE-02, DISK-07 a boot image that no ESP can hold. */
export async function lookAtItem(
  item: SiteContent,
  remembered: RememberedItem | undefined,
  { point, rehash }: { readonly point: string; readonly rehash: boolean },
): Promise<LookedAt> {
  const tree = await lookAtSource(item.sourceFolder);
  if (item.type === 'os-image' || item.type === 'boot-image') requireImage(item, tree);
  requireScripts(item, tree);
  const fingerprint = fingerprintOf(item, tree);
  const looked = { item, tree, fingerprint, remembered, settled: undefined, unsettled: [] };
  // What was published under this fingerprint has passed this already.
  if (rehash || remembered === undefined || remembered.fingerprint !== fingerprint) {
    requireStorable(tree, item.id);
    await requireWholeImage(item, tree);
    if (item.type === 'boot-image') requireFat32({ id: item.id, files: sourceFiles(tree) });
    return looked;
  }
  if (!(await isInPlace(item, remembered, tree, point))) return looked;
  const { digest, manifestBytes, totalBytes, unsettled = [] } = remembered;
  const { id, version, type, name } = item;
  const again = new Set(unsettled);
  return {
    ...looked,
    settled: { id, version, type, name, digest, manifestBytes, totalBytes },
    unsettled: again.size === 0 ? [] : sourceFiles(tree).filter(file => again.has(file.path)),
  };
}

/** By the stamps of its folders; else by manifest and sizes, file by file. */
async function isInPlace(
  item: SiteContent,
  remembered: RememberedItem,
  tree: SourceTree,
  point: string,
): Promise<boolean> {
  if (remembered.version !== item.version) return false;
  if (remembered.place !== undefined && lookAtPlace(point, item, tree)?.stamp === remembered.place)
    return true;
  const published = await publishedManifestBytes(point, item.id, item.version);
  if (published === undefined || sha256(published) !== remembered.digest) return false;
  const expected = { digest: remembered.digest, id: item.id, version: item.version };
  return (await badPublishedFiles(point, decodeManifest(published, expected))).length === 0;
}

/** An image item without its one image could never be applied. */
function requireImage({ id, sourceFolder }: SiteContent, { paths }: SourceTree): void {
  const images = paths.filter(file => /\.(wim|esd|swm)$/i.test(file));
  const [only, another] = images;
  if (only === undefined || another !== undefined || !only.toLowerCase().endsWith('.wim'))
    throw new Fault('USAGE-08', sourceFolder, {
      expected: `one .wim file for ${id}; an .esd or the parts of a split WIM (.swm) are exported to one first`,
      found: images,
    });
}

/** What imaging cannot apply, told before it is copied. */
async function requireWholeImage({ type, sourceFolder }: SiteContent, { paths }: SourceTree): Promise<void> {
  const image = paths.find(file => file.toLowerCase().endsWith('.wim'));
  if ((type !== 'os-image' && type !== 'boot-image') || image === undefined) return;
  const { header } = await describeWim(path.join(sourceFolder, image));
  const found = header.solid
    ? 'a solid WIM, as .esd files are'
    : header.partCount > 1
      ? `part ${header.partNumber} of ${header.partCount} of a split WIM`
      : undefined;
  if (found !== undefined)
    throw new Fault('IMAGE-01', path.join(sourceFolder, image), {
      expected: 'one whole WIM that is not solid',
      found,
    });
}

/** A detection script that the item does not have would be found missing on the first machine only. */
function requireScripts({ id, sourceFolder, detection = [] }: SiteContent, { paths }: SourceTree): void {
  const scripts = detection.flatMap(scriptsOf);
  if (scripts.length === 0) return;
  const names = new Set(paths.map(file => file.toLowerCase()));
  for (const script of scripts) {
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

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
