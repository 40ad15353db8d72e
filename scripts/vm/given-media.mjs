// Looks at what an admin gives a machine to start from, before QEMU does: an image that is none would be a black screen.
import { accessSync, closeSync, constants, openSync, readSync } from 'node:fs';
import { Advice } from '../setup/say.mjs';

/** By their first bytes (QEMU, docs/interop; Microsoft, [MS-VHDX]): images of virtual disks that are not raw. */
const FORMATS = [
  ['vhdxfile', 'vhdx'],
  ['conectix', 'vpc'],
  ['QFI\xfb', 'qcow2'],
  ['KDMV', 'vmdk'],
];

/** ECMA-119, 8.1: the first volume descriptor is the sixteenth sector, `CD001` from its second byte on. */
const CD = { at: 16 * 2048 + 1, text: 'CD001' };

/** Throws advice where it is no raw disk with a partition table, or not to be written to. */
export function requireDisk(file, isWritten) {
  const sector = bytesOf('disk', file, 0, 512);
  const format = FORMATS.find(([magic]) => sector.toString('latin1').startsWith(magic))?.[1];
  if (format !== undefined)
    throw new Advice(
      `--disk: ${file} is an image of the kind ${format}, and a raw one is wanted: qemu-img convert -f ${format} -O raw ${file} disk.img. Nothing was started.`,
    );
  // GPT disks have it, too: the protective MBR (UEFI specification, 5.2.3).
  if (sector.length < 512 || sector.readUInt16LE(510) !== 0xaa55)
    throw new Advice(
      `--disk: ${file} is no raw disk image with partitions, such as prestage media apply --disk-image makes. Nothing was started.`,
    );
  if (isWritten)
    try {
      accessSync(file, constants.W_OK);
    } catch (error) {
      throw new Advice(`--write: ${file} cannot be written to (${error.code}). Nothing was started.`);
    }
}

/** Throws advice where it is no CD. */
export function requireCd(file) {
  if (bytesOf('iso', file, CD.at, CD.text.length).toString('latin1') !== CD.text)
    throw new Advice(
      `--iso: ${file} is no ISO image; npm run boot-image -- --iso makes one. Nothing was started.`,
    );
}

/** @returns fewer where the file ends before */
function bytesOf(option, file, position, length) {
  let handle;
  try {
    handle = openSync(file, 'r');
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(handle, bytes, 0, length, position));
  } catch (error) {
    const why = error.code === 'ENOENT' ? 'is not there' : `cannot be read (${error.code})`;
    throw new Advice(`--${option}: ${file} ${why}. Nothing was started.`);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}
