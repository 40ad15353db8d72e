// Makes a registry hive file with the keys that a test names: an empty one written here, filled by hivexregedit from libhivex.
// Layout: libhivex lib/hivex-internal.h (struct ntreg_header, ntreg_hbin_page, ntreg_nk_record, ntreg_sk_record).
import { writeFileSync } from 'node:fs';
import { tool } from './raw-disk.ts';

const PAGE = 4096;
const NONE = 0xffff_ffff;

/** Keys by path below the root, each with its DWORD values. */
export type HiveKeys = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Writes a hive to `file`. */
export async function makeHive(file: string, keys: HiveKeys): Promise<void> {
  writeFileSync(file, emptyHive());
  const named = new Set(Object.keys(keys).flatMap(key => withParents(key)));
  const lines = [...named]
    .sort()
    .flatMap(key => [
      `[\\${key}]`,
      ...Object.entries(keys[key] ?? {}).map(
        ([name, value]) => `"${name}"=dword:${value.toString(16).padStart(8, '0')}`,
      ),
      '',
    ]);
  const changes = `${file}.txt`;
  writeFileSync(changes, `Windows Registry Editor Version 5.00\n\n${lines.join('\n')}`);
  await tool('hivexregedit', ['--merge', file, changes]);
}

/** hivexregedit makes a key only where its parent is. */
function withParents(key: string): string[] {
  const names = key.split('\\');
  return names.map((_, number) => names.slice(0, number + 1).join('\\'));
}

/** What hivexregedit exports of a key: its text, without its first line. */
export async function readHive(file: string, key: string): Promise<string> {
  return (await tool('hivexregedit', ['--export', file, key])).split('\n').slice(1).join('\n').trim();
}

/** A root key without values, its security descriptor, and one free cell. Offsets of cells count from the first page after the header. */
function emptyHive(): Buffer {
  const [root, security] = [0x20, 0x80];
  const hive = Buffer.alloc(2 * PAGE);
  hive.write('regf', 0, 'latin1');
  hive.writeUInt32LE(1, 4); // both sequence numbers are the same: nothing is pending
  hive.writeUInt32LE(1, 8);
  hive.writeUInt32LE(1, 20);
  hive.writeUInt32LE(3, 24);
  hive.writeUInt32LE(1, 32);
  hive.writeUInt32LE(root, 36);
  hive.writeUInt32LE(PAGE, 40);
  hive.writeUInt32LE(1, 44);
  let sum = 0;
  for (let at = 0; at < 508; at += 4) sum ^= hive.readUInt32LE(at);
  hive.writeUInt32LE(sum >>> 0, 508);
  const bin = hive.subarray(PAGE);
  bin.write('hbin', 0, 'latin1');
  bin.writeUInt32LE(PAGE, 8);
  const key = bin.subarray(root, security);
  key.writeInt32LE(root - security, 0); // a negative size: in use
  key.write('nk', 4, 'latin1');
  key.writeUInt16LE(0x2c, 6); // root, not to be deleted, name in ASCII
  key.writeUInt32LE(NONE, 20);
  for (const list of [32, 36, 44, 52]) key.writeUInt32LE(NONE, list);
  key.writeUInt32LE(security, 48);
  key.writeUInt16LE(4, 76);
  key.write('ROOT', 80, 'latin1');
  const descriptor = bin.subarray(security);
  descriptor.writeInt32LE(-0x30, 0);
  descriptor.write('sk', 4, 'latin1');
  descriptor.writeUInt32LE(security, 8);
  descriptor.writeUInt32LE(security, 12);
  descriptor.writeUInt32LE(1, 16);
  descriptor.writeUInt32LE(20, 20);
  descriptor.writeUInt16LE(1, 24); // SECURITY_DESCRIPTOR, self-relative, empty
  descriptor.writeUInt16LE(0x8000, 26);
  const free = security + 0x30;
  bin.writeInt32LE(PAGE - free, free);
  return hive;
}
