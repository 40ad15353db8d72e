// What lies on this machine and is vouched for: cached items and their leftovers by the manifests of their content, the other files of the media by the
// media's own. All of it may lend bytes.
import type { ContentReference, ManifestFile } from '../../content/manifest.ts';
import type { VouchedFolder } from '../../distribution/seed-map.ts';
import { cachedReferences } from './cached-references.ts';
import type { RunContext } from './run-context.ts';

type VouchingContext = Pick<
  RunContext,
  'layout' | 'manifest' | 'manifests' | 'records' | 'volume' | 'machine' | 'observe'
>;

/** @returns the items that lie in the cache, as far as their manifests are at hand, without those that `left` names. */
export async function vouchedItems(
  { layout, manifest: media, manifests, records }: VouchingContext,
  left: (id: string) => boolean = () => false,
): Promise<readonly VouchedFolder[]> {
  const folders: VouchedFolder[] = [];
  for (const [id, { digest }] of cachedReferences(media.content, records)) {
    const manifest = left(id) ? undefined : await manifests.localManifest(digest);
    if (manifest !== undefined) folders.push({ id, folder: layout.item(id), files: manifest.files });
  }
  return folders;
}

/** @returns where an earlier attempt may have left parts of these. */
export async function vouchedLeftovers(
  { layout, manifests }: VouchingContext,
  references: readonly ContentReference[],
): Promise<readonly VouchedFolder[]> {
  const folders: VouchedFolder[] = [];
  for (const { id, version, digest } of references) {
    const manifest = await manifests.localManifest(digest);
    if (manifest !== undefined)
      folders.push({ id, folder: layout.staging(id, version), files: manifest.files });
  }
  return folders;
}

/**
 * @param wanted the files that are to be made whole: the boot image's volume may have to be mounted, so it is asked for only where it has one of them.
 * @returns the files of the media besides content: those of its volume, and those of the boot image on the ESP.
 */
export async function vouchedMedia(
  { manifest: { volume: own, esp }, volume, machine, observe }: VouchingContext,
  wanted: readonly ManifestFile[],
): Promise<readonly VouchedFolder[]> {
  const digests = new Set(wanted.filter(file => file.size > 0).map(file => file.sha256));
  const folders: VouchedFolder[] = [];
  const ofVolume = own.filter(file => digests.has(file.sha256));
  if (ofVolume.length > 0) folders.push({ folder: volume.root, files: ofVolume });
  const ofEsp = esp.filter(file => digests.has(file.sha256));
  if (ofEsp.length === 0) return folders;
  try {
    const system = await machine.systemVolume();
    // A rehearsal may have one volume for everything.
    folders.push({ folder: (system ?? volume).root, files: ofEsp });
  } catch (thrown) {
    // It would only have lent bytes: they are fetched instead.
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    observe({
      kind: 'note',
      level: 'info',
      component: 'transfer',
      text: `The boot image's files cannot be looked at for bytes to reuse: ${why}`,
    });
  }
  return folders;
}
