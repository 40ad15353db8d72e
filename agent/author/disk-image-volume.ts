// The NTFS volume of a disk image: made and filled as a file of its own, because libwim and mkntfs know no offset, then moved to its place in
// the image. Where the file system can, a hole is put before it (ext4, XFS): not a byte is copied.
import { open } from 'node:fs/promises';
import path from 'node:path';
import type { DurableFiles, PartialFile } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import type { Imaging } from '../machine/machine.ts';
import type { Advance } from '../progress/event.ts';
import { DISK, type Workshop } from './disk-image-tools.ts';
import { type DiskLayout, SECTOR_BYTES } from './disk-layout.ts';

/** As `prestage` labels it where it makes disks in Windows PE. */
const LABEL = 'Windows';

/** Geometry that every firmware since the nineties gives; NTFS keeps it in its boot sector, for BIOS machines. */
const HEADS = 255;
const SECTORS_A_TRACK = 63;

export interface VolumeWorld {
  readonly durable: DurableFiles;
  readonly imaging: Imaging;
  readonly signal?: AbortSignal;
}

/** The file `disk` of the workshop becomes an NTFS volume with the media's image on it. Faults: DISK-05, DISK-01, IMAGE-*, USAGE-10, STOP-01. */
export async function makeVolume(
  { layout, wim, index }: { readonly layout: DiskLayout; readonly wim: string; readonly index: number },
  workshop: Workshop,
  world: VolumeWorld,
  advance: Advance,
): Promise<void> {
  const { startBytes, lengthBytes } = layout.volume;
  const volumeFile = path.join(workshop.folder, DISK);
  await resize(volumeFile, lengthBytes, world.durable);
  const place = ['-p', startBytes / SECTOR_BYTES, '-H', HEADS, '-S', SECTORS_A_TRACK];
  await workshop.run('mkntfs', '-Q', '-F', '-s', SECTOR_BYTES, '-c', 4096, ...place, '-L', LABEL, DISK);
  await requireNtfs(world.imaging)({
    wim,
    index,
    volumeFile,
    advance,
    ...(world.signal && { signal: world.signal }),
  });
}

/** The way in which this library applies to NTFS volumes. Fault: USAGE-10. */
export function requireNtfs(imaging: Imaging): NonNullable<Imaging['applyToNtfs']> {
  const { applyToNtfs } = imaging;
  if (applyToNtfs === undefined)
    throw new Fault('USAGE-10', '--disk-image', { expected: 'libwim, on Linux', found: imaging.name });
  return request => applyToNtfs.call(imaging, request);
}

/**
 * The volume that `disk` of the workshop is becomes the disk that has it as its last partition; all before it is zeros.
 * @param advance is told only while bytes are copied. Faults: DISK-01, DISK-03, STOP-01.
 */
export async function placeVolume(
  layout: DiskLayout,
  workshop: Workshop,
  { durable, signal }: Omit<VolumeWorld, 'imaging'>,
  advance: Advance,
): Promise<void> {
  const { startBytes } = layout.volume;
  const disk = path.join(workshop.folder, DISK);
  const shifted = await workshop.tries(
    'fallocate',
    '--insert-range',
    '--offset',
    0,
    '--length',
    startBytes,
    DISK,
  );
  if (!shifted) {
    const volume = path.join(workshop.folder, 'volume');
    await durable.rename(disk, volume);
    await copySparsely(volume, disk, { startBytes, durable, advance, ...(signal && { signal }) });
    await durable.remove(volume);
  }
  await resize(disk, layout.sizeBytes, durable);
}

/** What is read at once, and the piece that is left out when it is all zeros. */
const READ_BYTES = 8 * 1024 * 1024;
const PIECE_BYTES = 64 * 1024;

interface SparseCopy {
  readonly startBytes: number;
  readonly durable: DurableFiles;
  readonly advance: Advance;
  readonly signal?: AbortSignal;
}

async function copySparsely(from: string, to: string, copy: SparseCopy): Promise<void> {
  const source = await open(from, 'r');
  const target = await copy.durable.openPartial(to);
  try {
    const { size } = await source.stat();
    const buffer = Buffer.alloc(READ_BYTES);
    for (let at = 0; at < size; ) {
      if (copy.signal?.aborted) throw new Fault('STOP-01', to);
      const { bytesRead } = await source.read(buffer, 0, READ_BYTES, at).catch(cause => {
        throw new Fault('DISK-03', from, { operation: 'read' }, { cause });
      });
      if (bytesRead === 0) throw new Fault('DISK-03', from, { expected: size, found: at });
      await writeRuns(target, buffer.subarray(0, bytesRead), copy.startBytes + at);
      at += bytesRead;
      copy.advance(at, size);
    }
  } finally {
    await source.close();
    await target.close();
  }
}

const ZEROS = Buffer.alloc(PIECE_BYTES);

/** Writes what is not zero, neighbours together. */
async function writeRuns(target: PartialFile, bytes: Buffer, position: number): Promise<void> {
  let begin = 0;
  const write = async (end: number): Promise<void> => {
    if (end > begin) await target.write(bytes.subarray(begin, end), position + begin);
  };
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const piece = bytes.subarray(at, at + PIECE_BYTES);
    if (!piece.equals(ZEROS.subarray(0, piece.length))) continue;
    await write(at);
    begin = at + piece.length;
  }
  await write(bytes.length);
}

async function resize(file: string, lengthBytes: number, durable: DurableFiles): Promise<void> {
  const open = await durable.openPartial(file);
  try {
    await open.truncate(lengthBytes);
  } finally {
    await open.close();
  }
}
