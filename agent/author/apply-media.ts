// Lays prestaged media onto a disk, as a depot does: proves the media file first, refuses a disk that is not empty, then applies both images.
import { readdir, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { hashFile } from '../content/digest.ts';
import { cacheLayout } from '../content/layout.ts';
import { Fault } from '../fault/fault.ts';
import type { ImageInfo, Imaging } from '../machine/machine.ts';
import type { MediaFile } from '../media/media-manifest.ts';
import { diskFolderVolumes, MEDIA_IMAGES } from '../media/media-paths.ts';
import { verifyMediaFile } from '../media/verify-media.ts';
import type { PublicKey } from '../trust/keys.ts';
import { sha256OfFiles } from './digest-files.ts';
import type { AuthorWorld } from './publish.ts';
import { readSidecar } from './read-media.ts';

/** A disk folder that poses as a disk, or two mounted and formatted volumes. */
export type ApplyTarget = { readonly disk: string } | { readonly esp: string; readonly volume: string };

export interface ApplyMediaRequest {
  readonly wim: string;
  readonly target: ApplyTarget;
  /** Keys that may vouch for the media file. */
  readonly keys: readonly PublicKey[];
  /** Without it nothing is written. */
  readonly confirmed: boolean;
}

export interface AppliedMedia {
  readonly mediaId: string;
  readonly wim: string;
  readonly sha256: string;
  readonly esp: string;
  readonly volume: string;
  readonly seconds: number;
}

export interface ApplyMediaWorld extends AuthorWorld {
  readonly imaging: Imaging;
}

/** What an empty, formatted volume already has: Windows' own folders and ext4's. */
const NOT_CONTENT: ReadonlySet<string> = new Set([
  'system volume information',
  '$recycle.bin',
  'lost+found',
  '.trash-1000',
  '.fseventsd',
]);

/** Room for the file system's own records, over what the files take. */
const SPACE_FACTOR = 1.02;

/**
 * Faults before anything is written: TRUST-01, TRUST-02, TRUST-10 for the sidecar, USAGE-09 a target in use, DISK-01 too small, USAGE-12 not
 * confirmed, CONTENT-06 the WIM is not the one that was signed. Afterwards: IMAGE-04, DISK-*, STOP-01.
 */
export async function applyMedia(request: ApplyMediaRequest, world: ApplyMediaWorld): Promise<AppliedMedia> {
  const began = world.clock.ticks();
  const wim = path.resolve(request.wim);
  const file = await readMediaFile(wim, request.keys);
  const images = await world.imaging.listImages(wim);
  if (images.length !== 2)
    throw new Fault('IMAGE-03', wim, { expected: '2 images: ESP and volume', found: images.length });
  const target = await resolveTarget(request.target);
  for (const folder of [target.esp, target.volume]) await requireEmpty(folder);
  await requireSpace(target, images);
  if (!request.confirmed)
    throw new Fault('USAGE-12', target.volume, { writes: [target.esp, target.volume], media: file.mediaId });
  await proveMediaFile(wim, file, world);
  for (const folder of [target.esp, target.volume]) await world.durable.makeFolder(folder);
  await applyImages(wim, target, images, world);
  await requireManifest(target.volume, file);
  const seconds = (world.clock.ticks() - began) / 1000;
  world.observe({ kind: 'finished', stage: 'media', subject: path.basename(wim), seconds });
  return { mediaId: file.mediaId, wim, sha256: file.sha256, esp: target.esp, volume: target.volume, seconds };
}

async function readMediaFile(wim: string, keys: readonly PublicKey[]): Promise<MediaFile> {
  const found = await stat(wim).catch(cause => {
    throw new Fault('USAGE-08', wim, {}, { cause });
  });
  const sidecar = await readSidecar(wim);
  if (sidecar === undefined)
    throw new Fault('TRUST-01', wim, {
      expected: `${path.basename(wim)}.json and its signature beside the file`,
    });
  const { file } = verifyMediaFile(sidecar.bytes, sidecar.signature, keys, `${path.basename(wim)}.json`);
  // The name may be another one: depots rename files. Size and digest may not.
  if (found.size !== file.size)
    throw new Fault('CONTENT-06', wim, { expected: `${file.size} bytes`, found: `${found.size} bytes` });
  return file;
}

/** The first proof: every byte of the media file. */
async function proveMediaFile(wim: string, file: MediaFile, world: ApplyMediaWorld): Promise<void> {
  let doneBytes = 0;
  world.observe({ kind: 'started', stage: 'verify', subject: path.basename(wim), totalBytes: file.size });
  const digests = await sha256OfFiles([{ path: wim, absolute: wim, size: file.size }], {
    pool: world.pool,
    advance: bytes => {
      doneBytes += bytes;
      world.observe({
        kind: 'advanced',
        stage: 'verify',
        doneBytes: Math.min(doneBytes, file.size),
        totalBytes: file.size,
      });
    },
    ...(world.signal && { signal: world.signal }),
  });
  const found = digests.get(wim);
  if (found !== file.sha256) throw new Fault('CONTENT-06', wim, { expected: file.sha256, found });
}

interface Volumes {
  readonly esp: string;
  readonly volume: string;
  /** Where a temporary folder for each may lie: on the same volume, outside the target where that is possible. */
  readonly temporary: { readonly esp: string; readonly volume: string };
}

async function resolveTarget(target: ApplyTarget): Promise<Volumes> {
  if ('disk' in target) {
    const disk = path.resolve(target.disk);
    const { esp, volume } = diskFolderVolumes(disk);
    return {
      esp,
      volume,
      temporary: {
        esp: path.join(disk, '.prestage-temporary'),
        volume: path.join(disk, '.prestage-temporary'),
      },
    };
  }
  const esp = path.resolve(target.esp);
  const volume = path.resolve(target.volume);
  for (const folder of [esp, volume]) {
    const found = await stat(folder).catch(() => undefined); // Absent and unreachable are told alike.
    if (!found?.isDirectory())
      throw new Fault('DISK-04', folder, { expected: 'a mounted, formatted volume' });
  }
  if (esp === volume) throw new Fault('USAGE-09', volume, { expected: 'two volumes', found: 'one' });
  return {
    esp,
    volume,
    temporary: {
      esp: path.join(esp, '.prestage-temporary'),
      volume: path.join(volume, '.prestage-temporary'),
    },
  };
}

async function requireEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch(cause => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return [];
    throw new Fault('USAGE-09', folder, { expected: 'an empty folder or volume' }, { cause });
  });
  const found = names.filter(name => !NOT_CONTENT.has(name.toLowerCase()));
  if (found.length > 0)
    throw new Fault('USAGE-09', folder, { expected: 'an empty volume', found: found.slice(0, 10) });
}

/** Volumes on one file system share its space: their needs add up. */
async function requireSpace({ esp, volume }: Volumes, images: readonly ImageInfo[]): Promise<void> {
  const needs = [
    { folder: esp, bytes: images[MEDIA_IMAGES.esp - 1]?.totalBytes ?? 0 },
    { folder: volume, bytes: images[MEDIA_IMAGES.volume - 1]?.totalBytes ?? 0 },
  ];
  const byDevice = new Map<number, { needed: number; free: number; folder: string }>();
  for (const { folder, bytes } of needs) {
    const there = await nearestFolder(folder);
    const { dev } = await stat(there);
    const { bavail, bsize } = await statfs(there);
    const entry = byDevice.get(dev) ?? { needed: 0, free: bavail * bsize, folder };
    byDevice.set(dev, { ...entry, needed: entry.needed + Math.ceil(bytes * SPACE_FACTOR) });
  }
  for (const { needed, free, folder } of byDevice.values()) {
    if (needed > free)
      throw new Fault('DISK-01', folder, { expected: `${needed} bytes free`, found: `${free} bytes free` });
  }
}

async function nearestFolder(folder: string): Promise<string> {
  for (let at = folder; ; at = path.dirname(at)) {
    const found = await stat(at).catch(() => undefined); // Not there yet: its parent is on the same volume.
    if (found?.isDirectory() || path.dirname(at) === at) return at;
  }
}

async function applyImages(
  wim: string,
  target: Volumes,
  images: readonly ImageInfo[],
  world: ApplyMediaWorld,
): Promise<void> {
  const sizes = images.map(image => image.totalBytes ?? 1);
  const totalBytes = sizes.reduce((sum, size) => sum + size, 0);
  world.observe({ kind: 'started', stage: 'media', subject: path.basename(wim), totalBytes });
  let before = 0;
  for (const part of ['esp', 'volume'] as const) {
    const index = MEDIA_IMAGES[part];
    const share = sizes[index - 1] ?? 1;
    await world.durable.makeFolder(target.temporary[part]);
    try {
      await world.imaging.apply({
        wim,
        index,
        target: target[part],
        temporary: target.temporary[part],
        advance: (done, total) => {
          const doneBytes = Math.floor(before + (share * done) / Math.max(1, total));
          world.observe({ kind: 'advanced', stage: 'media', subject: part, doneBytes, totalBytes });
        },
        ...(world.signal && { signal: world.signal }),
      });
    } finally {
      await world.durable.remove(target.temporary[part]);
    }
    before += share;
  }
}

/** The WIM was proven; this shows that applying it left the manifest where the agent looks for it. */
async function requireManifest(volume: string, file: MediaFile): Promise<void> {
  const { media } = cacheLayout(volume);
  const found = await hashFile(media);
  if (found !== file.manifestSha256)
    throw new Fault('CONTENT-06', media, { expected: file.manifestSha256, found });
}
