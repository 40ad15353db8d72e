// The version of a Windows program file, read from its version resource without Windows: a small reader of the PE format.
// Source: Microsoft, "PE Format" (section table, the .rsrc section) and VS_FIXEDFILEINFO in verrsrc.h.
import { type FileHandle, open } from 'node:fs/promises';

const RESOURCE_DIRECTORY = 2;
const RT_VERSION = 16;
const SUBDIRECTORY = 0x8000_0000;
const FIXED_INFO_SIGNATURE = 0xfeef_04bd;
const HEAD_MAX_BYTES = 64 * 1024;
const SECTION_MAX_BYTES = 64 * 1024 * 1024;

/** @returns `a.b.c.d`, or undefined when the file is no PE file, has no version or cannot be read. */
export async function fileVersion(file: string): Promise<string | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch {
    // Absent or locked: it has no version that could be compared.
    return undefined;
  }
  try {
    return await versionIn(handle);
  } catch (thrown) {
    // A field that points outside of what was read: not a sound PE file.
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  } finally {
    await handle.close();
  }
}

/** @returns less than, equal to or greater than 0 as `a` is before, the same as or after `b`; absent parts count as 0. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map(text => text.split('.').map(part => Number.parseInt(part, 10) || 0));
  for (let index = 0; index < Math.max(left!.length, right!.length); index += 1) {
    const difference = (left![index] ?? 0) - (right![index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

async function versionIn(file: FileHandle): Promise<string | undefined> {
  const head = await read(file, 0, HEAD_MAX_BYTES);
  if (head.length < 0x40 || head.readUInt16LE(0) !== 0x5a4d) return undefined;
  const pe = head.readUInt32LE(0x3c);
  if (head.readUInt32LE(pe) !== 0x0000_4550) return undefined;
  const sectionCount = head.readUInt16LE(pe + 6);
  const optionalBytes = head.readUInt16LE(pe + 20);
  const optional = pe + 24;
  const isPe32Plus = head.readUInt16LE(optional) === 0x20b;
  const directory = optional + (isPe32Plus ? 112 : 96) + RESOURCE_DIRECTORY * 8;
  const resources = head.readUInt32LE(directory);
  if (resources === 0) return undefined;
  for (let index = 0; index < sectionCount; index += 1) {
    const section = optional + optionalBytes + index * 40;
    const address = head.readUInt32LE(section + 12);
    const rawBytes = head.readUInt32LE(section + 16);
    if (resources < address || resources >= address + rawBytes || rawBytes > SECTION_MAX_BYTES) continue;
    const bytes = await read(file, head.readUInt32LE(section + 20), rawBytes);
    return versionInResources(bytes, address, resources - address);
  }
  return undefined;
}

/** Walks type, name, language: the first of each below RT_VERSION. Offsets of directories count from the root of the tree. */
function versionInResources(section: Buffer, sectionAddress: number, root: number): string | undefined {
  const type = entries(section, root).find(entry => entry.id === RT_VERSION);
  let next = type?.offset;
  for (let level = 0; level < 2; level += 1) {
    if (next === undefined || (next & SUBDIRECTORY) === 0) return undefined;
    next = entries(section, root + (next & 0x7fff_ffff))[0]?.offset;
  }
  if (next === undefined || (next & SUBDIRECTORY) !== 0) return undefined;
  const start = section.readUInt32LE(root + next) - sectionAddress;
  const info = section.subarray(start, start + section.readUInt32LE(root + next + 4));
  // VS_FIXEDFILEINFO is aligned to 32 bits behind the block's key.
  for (let at = 0; at + 16 <= info.length; at += 4) {
    if (info.readUInt32LE(at) !== FIXED_INFO_SIGNATURE) continue;
    const [high, low] = [info.readUInt32LE(at + 8), info.readUInt32LE(at + 12)];
    return [high >>> 16, high & 0xffff, low >>> 16, low & 0xffff].join('.');
  }
  return undefined;
}

function entries(
  section: Buffer,
  directory: number,
): readonly { readonly id: number; readonly offset: number }[] {
  const count = section.readUInt16LE(directory + 12) + section.readUInt16LE(directory + 14);
  return Array.from({ length: Math.min(count, 4096) }, (_, index) => {
    const at = directory + 16 + index * 8;
    return { id: section.readUInt32LE(at), offset: section.readUInt32LE(at + 4) };
  });
}

async function read(file: FileHandle, offset: number, lengthBytes: number): Promise<Buffer> {
  const bytes = Buffer.alloc(lengthBytes);
  const { bytesRead } = await file.read(bytes, 0, lengthBytes, offset);
  return bytes.subarray(0, bytesRead);
}
