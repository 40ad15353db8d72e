// Lays prestaged media straight into a raw disk image, without root, mounts or loop devices: proves the media file first, then makes the disk
// under another name, and gives it its own when it is whole and flushed.
import { lstat, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { sizeText } from '../console/size-text.ts';
import { Fault } from '../fault/fault.ts';
import type { Release } from '../machine/claim.ts';
import type { HostTools } from '../machine/host-tools.ts';
import type { ImageInfo } from '../machine/machine.ts';
import type { MediaFile, MediaManifest } from '../media/media-manifest.ts';
import { MEDIA_IMAGES } from '../media/media-paths.ts';
import type { PublicKey } from '../trust/keys.ts';
import { boundedTime, checkMediaValidity } from '../trust/validity.ts';
import type { ApplyMediaWorld } from './apply-media.ts';
import { installBootSector, requireSyslinux } from './bios-boot.ts';
import { checkDiskImage } from './disk-image-check.ts';
import { fillEsp, requireFatNames } from './disk-image-esp.ts';
import { writePartitions } from './disk-image-partitions.ts';
import { DISK, openWorkshop, type Workshop } from './disk-image-tools.ts';
import { makeVolume, placeVolume, requireNtfs } from './disk-image-volume.ts';
import { type DiskLayout, type Firmware, planDiskLayout } from './disk-layout.ts';
import { requireFirmwareFiles } from './firmware-files.ts';
import {
  type ProvenMediaFile,
  proveMediaFile,
  readMediaFile,
  readMediaManifest,
} from './prove-media-file.ts';

export interface ApplyDiskImageRequest {
  readonly wim: string;
  /** The image to make. */
  readonly diskImage: string;
  readonly firmware: Firmware;
  /** Of the disk and its ESP; left out: as large as the media and Windows need. */
  readonly sizeBytes?: number;
  readonly espBytes?: number;
  /** Keys that may vouch for the media file. */
  readonly keys: readonly PublicKey[];
  /** Replaces an existing image when the new one is whole. */
  readonly replace: boolean;
  /** Without it nothing is written. */
  readonly confirmed: boolean;
}

export interface AppliedDiskImage {
  readonly mediaId: string;
  readonly wim: string;
  readonly sha256: string;
  readonly diskImage: string;
  readonly layout: DiskLayout;
  /** Sentences: what the media lacks, although the disk is as its manifest says. */
  readonly warnings: readonly string[];
  readonly seconds: number;
}

export interface ApplyDiskImageWorld extends ApplyMediaWorld {
  readonly hostTools: HostTools;
  /** One run at a time makes an image of a name. */
  claim(what: string): Promise<Release | undefined>;
}

/**
 * What a run that was killed left behind is removed by the next one of the same name; a fault or stop leaves nothing.
 * Faults before anything is written: USAGE-10 not with this imaging library, TRUST-*, CONTENT-06 not the signed media, IMAGE-10, USAGE-09 the target,
 * DISK-01, DISK-07, DISK-08 sizes, USAGE-12 not confirmed, USAGE-14. Afterwards: USAGE-20, DISK-*, IMAGE-*, STOP-01.
 */
export async function applyDiskImage(
  request: ApplyDiskImageRequest,
  world: ApplyDiskImageWorld,
): Promise<AppliedDiskImage> {
  const began = world.clock.ticks();
  requireNtfs(world.imaging);
  const wim = path.resolve(request.wim);
  const diskImage = path.resolve(request.diskImage);
  const file = await readMediaFile(wim, request.keys);
  const manifest = await readMediaManifest(wim, file, request.keys);
  checkMediaValidity(manifest.name, manifest, boundedTime(world.clock.now(), [manifest.created]));
  const images = await twoImages(wim, world);
  requireFatNames(manifest.esp);
  const { layout, warnings } = plan(request, manifest, images.volume);
  if (layout.scheme === 'mbr') await requireSyslinux();
  await requireFree(diskImage, request.replace);
  await requireSpace(path.dirname(diskImage), images);
  if (!request.confirmed)
    throw new Fault('USAGE-12', diskImage, {
      writes: layoutLines(layout),
      media: file.mediaId,
      ...(warnings.length > 0 && { warnings }),
    });
  const release = await world.claim(`disk image ${diskImage}`);
  if (release === undefined) throw new Fault('USAGE-14', diskImage);
  try {
    const proven = await proveMediaFile(wim, file, world);
    await makeDisk({ wim, diskImage, layout, images, manifest, file, proven }, world);
  } finally {
    await release();
  }
  const seconds = (world.clock.ticks() - began) / 1000;
  world.observe({ kind: 'finished', stage: 'lay-media', subject: path.basename(wim), seconds });
  return { mediaId: file.mediaId, wim, sha256: file.sha256, diskImage, layout, warnings, seconds };
}

/** What the disk will have, a line a partition. */
export function layoutLines({ scheme, sizeBytes, esp, msr, volume }: DiskLayout): readonly string[] {
  const line = (
    what: string,
    { startBytes, lengthBytes }: { startBytes: number; lengthBytes: number },
  ): string => `${what}: ${lengthBytes / MIB} MiB at ${startBytes / MIB} MiB`;
  return [
    `disk: ${scheme === 'gpt' ? 'GPT' : 'MBR'}, ${sizeText(sizeBytes)} (${sizeBytes} bytes)`,
    line(scheme === 'gpt' ? 'EFI system partition, FAT32' : 'active partition, FAT32', esp),
    ...(msr === undefined ? [] : [line('Microsoft reserved', msr)]),
    line('volume, NTFS', volume),
  ];
}

const MIB = 1024 * 1024;

interface MediaImages {
  readonly esp: ImageInfo;
  readonly volume: ImageInfo;
}

async function twoImages(wim: string, { imaging }: ApplyDiskImageWorld): Promise<MediaImages> {
  const images = await imaging.listImages(wim);
  const [esp, volume] = [images[MEDIA_IMAGES.esp - 1], images[MEDIA_IMAGES.volume - 1]];
  if (esp === undefined || volume === undefined || images.length !== 2)
    throw new Fault('IMAGE-03', wim, { expected: '2 images: ESP and volume', found: images.length });
  return { esp, volume };
}

function plan(
  { diskImage, firmware, sizeBytes, espBytes }: ApplyDiskImageRequest,
  { name, esp, content, osImage, osImageBytes }: MediaManifest,
  volume: ImageInfo,
): { readonly layout: DiskLayout; readonly warnings: readonly string[] } {
  const warnings = requireFirmwareFiles(
    firmware,
    esp.map(each => each.path),
    name,
  );
  const wimBytes = content.find(each => each.id === osImage.id)?.totalBytes ?? 0;
  const layout = planDiskLayout({
    subject: diskImage,
    firmware,
    ...(sizeBytes !== undefined && { sizeBytes }),
    ...(espBytes !== undefined && { espBytes }),
    espFiles: esp,
    volume: { totalBytes: volume.totalBytes ?? 0, fileCount: volume.fileCount ?? 0 },
    osImage: osImageBytes === undefined ? { wimBytes } : { appliedBytes: osImageBytes },
  });
  if (layout.holdsWindows) return { layout, warnings };
  const small = `Windows will not fit on this disk beside the media: it needs ${sizeText(layout.recommendedBytes)}.`;
  return { layout, warnings: [...warnings, small] };
}

/** A plain file or nothing: a device or a link is somebody else's. Fault: USAGE-09. */
async function requireFree(diskImage: string, replace: boolean): Promise<void> {
  const folder = path.dirname(diskImage);
  const above = await stat(folder).catch(() => undefined); // Absent and unreachable are told alike.
  if (!above?.isDirectory()) throw new Fault('USAGE-09', folder, { expected: 'an existing folder' });
  const found = await lstat(diskImage).catch(() => undefined); // Absent is the wish.
  if (found === undefined) return;
  if (!found.isFile())
    throw new Fault('USAGE-09', diskImage, { expected: 'a file name', found: 'no plain file' });
  if (!replace)
    throw new Fault('USAGE-09', diskImage, {
      expected: 'no file of this name, or --replace',
      found: 'a file',
    });
}

/** The image is sparse: it takes what the media takes, and its ESP twice while it is being made. */
async function requireSpace(folder: string, { esp, volume }: MediaImages): Promise<void> {
  const needed = Math.ceil((2 * (esp.totalBytes ?? 0) + (volume.totalBytes ?? 0)) * 1.02) + 64 * MIB;
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < needed)
    throw new Fault('DISK-01', folder, {
      expected: `${needed} bytes free`,
      found: `${bavail * bsize} bytes free`,
    });
}

interface Making {
  readonly wim: string;
  readonly diskImage: string;
  readonly layout: DiskLayout;
  readonly images: MediaImages;
  readonly manifest: MediaManifest;
  readonly file: MediaFile;
  readonly proven: ProvenMediaFile;
}

async function makeDisk(making: Making, world: ApplyDiskImageWorld): Promise<void> {
  const { diskImage } = making;
  const { durable, signal } = world;
  const folder = path.join(path.dirname(diskImage), `.${path.basename(diskImage)}.prestage-new`);
  const workshop = openWorkshop(folder, world.hostTools, signal);
  await durable.remove(folder);
  await durable.makeFolder(path.join(folder, 'esp'));
  try {
    await fillDisk(making, workshop, world);
    await checkDiskImage(path.join(folder, DISK), making.manifest, making.file);
    await making.proven.requireSame();
    const disk = await durable.openPartial(path.join(folder, DISK));
    try {
      await disk.flush();
    } finally {
      await disk.close();
    }
    if (signal?.aborted) throw new Fault('STOP-01', diskImage);
    await durable.rename(path.join(folder, DISK), diskImage);
  } finally {
    await durable.remove(folder);
  }
}

async function fillDisk(
  { wim, layout, images }: Making,
  workshop: Workshop,
  world: ApplyDiskImageWorld,
): Promise<void> {
  const [espBytes, volumeBytes] = [images.esp.totalBytes ?? 1, images.volume.totalBytes ?? 1];
  // The ESP's files are unpacked and copied; the volume's are applied once and moved, which is much quicker than applying.
  const totalBytes = Math.ceil(2 * espBytes + volumeBytes * 1.25);
  const part = (subject: string, fromBytes: number, shareBytes: number) => (done: number, total: number) =>
    world.observe({
      kind: 'advanced',
      stage: 'lay-media',
      subject,
      doneBytes: Math.floor(fromBytes + shareBytes * Math.min(1, done / Math.max(1, total))),
      totalBytes,
    });
  world.observe({ kind: 'started', stage: 'lay-media', subject: path.basename(wim), totalBytes });
  await makeVolume(
    { layout, wim, index: MEDIA_IMAGES.volume },
    workshop,
    world,
    part('volume', 0, volumeBytes),
  );
  await placeVolume(layout, workshop, world, part('volume to its place', volumeBytes, volumeBytes / 4));
  const espFolder = path.join(workshop.folder, 'esp');
  await world.imaging.apply({
    wim,
    index: MEDIA_IMAGES.esp,
    target: espFolder,
    temporary: workshop.folder,
    advance: part('esp', volumeBytes * 1.25, espBytes),
    ...(world.signal && { signal: world.signal }),
  });
  await fillEsp(layout, 'esp', workshop, name => part(name, volumeBytes * 1.25 + espBytes, espBytes)(1, 2));
  if (layout.scheme === 'mbr') await installBootSector(layout, workshop, world.durable);
  await writePartitions(layout, workshop, world.durable);
  part('partition table', 0, totalBytes)(1, 1);
}
