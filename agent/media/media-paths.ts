// Where the parts of prestaged media lie beside a media file and on an applied disk.
import path from 'node:path';
import { cacheLayout } from '../content/layout.ts';

/** The images of a media WIM, in their order. */
export const MEDIA_IMAGES = { esp: 1, volume: 2 } as const;

/** The files that travel with a media WIM: its signed sidecar, and the signed manifest of what is inside, to look at without applying. */
export function besideMediaFile(wim: string): {
  readonly sidecar: string;
  readonly sidecarSignature: string;
  readonly manifest: string;
  readonly manifestSignature: string;
} {
  return {
    sidecar: `${wim}.json`,
    sidecarSignature: `${wim}.json.sig`,
    manifest: `${wim}.media.json`,
    manifestSignature: `${wim}.media.json.sig`,
  };
}

/** Where a disk folder (rehearsal) has its two volumes. */
export function diskFolderVolumes(disk: string): { readonly esp: string; readonly volume: string } {
  return { esp: path.join(disk, 'volumes', 'esp'), volume: path.join(disk, 'volumes', 'windows') };
}

/** Paths on the media volume as the media manifest writes them: relative, `/` between names. */
export function mediaVolumePaths(): {
  readonly packages: string;
  readonly own: string;
  readonly media: string;
  readonly mediaSignature: string;
} {
  const layout = cacheLayout('');
  return {
    packages: volumePath(layout.packages),
    own: volumePath(layout.own),
    media: volumePath(layout.media),
    mediaSignature: volumePath(layout.mediaSignature),
  };
}

/** @param place a place of `cacheLayout('')`. @returns it as the media manifest writes it. */
export function volumePath(place: string): string {
  return place.split(path.sep).join('/');
}

/** A depot's receipt and the signature beside it. */
export interface ReceiptPlace {
  readonly folder: string;
  readonly receipt: string;
  readonly signature: string;
}

/** On the ESP a receipt outlives the clearing of the volume, and fits into a raw disk image. @param root '' gives the path on the ESP. */
export function receiptOnEsp(root: string): ReceiptPlace {
  return receiptIn(path.join(root, 'EFI', 'Prestage'));
}

/** Where the media has no ESP. */
export function receiptOnVolume(root: string): ReceiptPlace {
  return receiptIn(cacheLayout(root).own);
}

function receiptIn(folder: string): ReceiptPlace {
  const receipt = path.join(folder, 'receipt.json');
  return { folder, receipt, signature: `${receipt}.sig` };
}
