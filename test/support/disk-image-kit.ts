// Makes raw disk images with tools that are not Prestage's: sgdisk, mkfs.vfat with mcopy, mkntfs with wimlib-imagex. No loop device, no root.
import { open, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { tool } from './raw-disk.ts';
import { captureWim } from './wim-kit.ts';

const MEBIBYTE = 1024 * 1024;

/** A FAT file system in a file of its own, with everything of `tree` in it. */
export async function makeFat(
  file: string,
  {
    mib,
    bits,
    tree,
    label,
  }: { readonly mib: number; readonly bits: 12 | 16 | 32; readonly tree?: string; readonly label?: string },
): Promise<void> {
  await writeFile(file, '');
  await truncate(file, mib * MEBIBYTE);
  await tool('mkfs.vfat', ['-F', String(bits), ...(label === undefined ? [] : ['-n', label]), file]);
  if (tree === undefined) return;
  for (const name of await readdir(tree))
    await tool('mcopy', ['-s', '-i', file, path.join(tree, name), '::/']);
}

/** An NTFS file system in a file of its own, with everything of `tree` in it. `options` go to mkntfs. */
export async function makeNtfs(
  file: string,
  {
    mib,
    tree,
    label,
    options = [],
  }: {
    readonly mib: number;
    readonly tree?: string;
    readonly label?: string;
    readonly options?: readonly string[];
  },
): Promise<void> {
  await writeFile(file, '');
  await truncate(file, mib * MEBIBYTE);
  await tool('mkntfs', ['-Q', '-F', '-q', ...(label === undefined ? [] : ['-L', label]), ...options, file]);
  if (tree === undefined) return;
  const wim = `${file}.wim`;
  await captureWim(wim, [{ folder: tree, name: 'tree' }], { compression: 'none', integrity: false });
  await tool('wimlib-imagex', ['apply', wim, '1', file]);
  await rm(wim);
}

/** A part of a disk: sgdisk's type code and the file system that is put there; sizes in MiB. */
export interface DiskPart {
  readonly type: string;
  readonly mib: number;
  readonly from?: string;
}

/** A GPT disk of these parts, the first at 1 MiB. @returns where each part begins, in bytes. */
export async function makeGptDisk(disk: string, parts: readonly DiskPart[]): Promise<readonly number[]> {
  await writeFile(disk, '');
  const mib = parts.reduce((sum, part) => sum + part.mib, 0);
  await truncate(disk, (mib + 2) * MEBIBYTE);
  await tool('sgdisk', [
    ...parts.flatMap(({ type, mib: size }, at) => [
      `--new=${at + 1}:0:+${size}M`,
      `--typecode=${at + 1}:${type}`,
    ]),
    disk,
  ]);
  return placeParts(disk, parts);
}

/** A disk with an MBR of these parts; types as `0c`. */
export async function makeMbrDisk(disk: string, parts: readonly DiskPart[]): Promise<readonly number[]> {
  const mib = parts.reduce((sum, part) => sum + part.mib, 0);
  const mbr = Buffer.alloc(512);
  let start = 1;
  for (const [at, part] of parts.entries()) {
    mbr.writeUInt8(Number.parseInt(part.type, 16), 446 + at * 16 + 4);
    mbr.writeUInt32LE((start * MEBIBYTE) / 512, 446 + at * 16 + 8);
    mbr.writeUInt32LE((part.mib * MEBIBYTE) / 512, 446 + at * 16 + 12);
    start += part.mib;
  }
  mbr.writeUInt16LE(0xaa55, 510);
  await writeFile(disk, mbr);
  await truncate(disk, (mib + 2) * MEBIBYTE);
  return placeParts(disk, parts);
}

async function placeParts(disk: string, parts: readonly DiskPart[]): Promise<readonly number[]> {
  const offsets: number[] = [];
  let start = 1;
  for (const { from, mib } of parts) {
    offsets.push(start * MEBIBYTE);
    if (from !== undefined)
      await tool('dd', [
        `if=${from}`,
        `of=${disk}`,
        'bs=1M',
        `seek=${start}`,
        'conv=notrunc,sparse',
        'status=none',
      ]);
    start += mib;
  }
  return offsets;
}

/** A file's bytes at a place. */
export async function bytesAt(file: string, offset: number, length: number): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const bytes = Buffer.alloc(length);
    await handle.read(bytes, 0, length, offset);
    return bytes;
  } finally {
    await handle.close();
  }
}
