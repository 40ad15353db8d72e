// Applied media, in whatever form it lies there: folders (mounted volumes, a rehearsal's disk), or a raw disk image that is not mounted.
import type { DiskImage } from '../disk-image/disk-image.ts';
import type { DigestWorld } from './digest-files.ts';

export type MediaPart = 'esp' | 'volume';

/** What stands at a path: a plain file, or what is there instead, in a few words. */
export type Standing = { readonly size: number } | { readonly notPlain: string };

/** A path of one part, `/` between names. */
export interface MediaPath {
  readonly part: MediaPart;
  readonly path: string;
}

/** Closed by its opener. */
export interface AppliedTree {
  /** Where the volume is, for a person: its folder, or the image file. */
  readonly volume: string;
  /** The same of the ESP; undefined where it is not reached. */
  readonly esp: string | undefined;
  /** Set where all of it lies in a disk image. */
  readonly image?: DiskImage;
  /** @returns undefined where nothing is. No link is followed, not even as a folder on the way. Faults: DISK-03, DISK-09. */
  look(place: MediaPath): Promise<Standing | undefined>;
  /** @returns a small file whole; undefined where there is no plain file. Faults: TRUST-08 over `maxBytes`, USAGE-08, DISK-03, DISK-09. */
  read(place: MediaPath, maxBytes: number): Promise<Uint8Array | undefined>;
  /** Everything below a folder that is no folder itself; links are listed, not followed. Faults: USAGE-08, DISK-03, DISK-09. */
  list(folder: MediaPath): Promise<readonly { readonly path: string; readonly standing: Standing }[]>;
  /** SHA-256 of files that were looked at, in the order given; undefined where it cannot be had. Faults: DISK-03, STOP-01. */
  digest(
    files: readonly (MediaPath & { readonly size: number })[],
    world: DigestWorld,
  ): Promise<readonly (string | undefined)[]>;
  close(): Promise<void>;
}
