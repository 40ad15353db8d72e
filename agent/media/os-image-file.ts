// Which file of an OS image or boot image item is the image.
import type { ContentManifest, ManifestFile } from '../content/manifest.ts';
import { Fault } from '../fault/fault.ts';

/** @returns the item's one `.wim` file. Fault: TRUST-10 when it has none or several. */
export function osImageFile(manifest: Pick<ContentManifest, 'id' | 'version' | 'files'>): ManifestFile {
  const images = manifest.files.filter(file => file.path.toLowerCase().endsWith('.wim'));
  const [image] = images;
  if (image !== undefined && images.length === 1) return image;
  throw new Fault('TRUST-10', `${manifest.id} ${manifest.version}`, {
    expected: 'one .wim file',
    found: images.map(file => file.path),
  });
}
