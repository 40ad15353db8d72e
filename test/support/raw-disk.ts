// Reads a raw disk image with tools that are not Prestage's: sgdisk for its partitions, 7z, ntfsls and ntfscat, mtools for what lies in them.
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { find } from '../../scripts/setup/program.mjs';

const SECTOR = 512;
const MEBIBYTE = 1024 * 1024;
const run = promisify(execFile);

export interface Partition {
  readonly number: number;
  readonly offset: number;
  readonly bytes: number;
  /** As sgdisk prints it: `EF00`, `0C01`, `0700`. */
  readonly type: string;
}

/** What a tool prints; a tool that is not there is an error that names it. */
export async function tool(name: string, args: readonly string[], cwd?: string): Promise<string> {
  const program = find(name);
  if (program === undefined) throw new Error(`${name} is not installed: npm run setup installs it`);
  const { stdout } = await run(program, args, {
    maxBuffer: 256 * MEBIBYTE,
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  return stdout;
}

/** The partitions of a GPT disk, after sgdisk has verified both of its tables. */
export async function partitionsOf(disk: string): Promise<readonly Partition[]> {
  const verified = await tool('sgdisk', ['-v', disk]);
  if (!/No problems found/.test(verified)) throw new Error(verified);
  const table = await tool('sgdisk', ['-p', disk]);
  return [...table.matchAll(/^ +(\d+) +(\d+) +(\d+) +\S+ \S+ +([0-9A-F]{4})/gm)].map(
    ([, number, first, last, type]) => ({
      number: Number(number),
      offset: Number(first) * SECTOR,
      bytes: (Number(last) - Number(first) + 1) * SECTOR,
      type: type ?? '',
    }),
  );
}

/** Copies a partition into a file of its own, holes left out. */
export async function partitionFile(disk: string, { offset, bytes }: Partition, to: string): Promise<string> {
  await mkdir(path.dirname(to), { recursive: true });
  await tool('dd', [
    `if=${disk}`,
    `of=${to}`,
    'bs=1M',
    `skip=${offset}B`,
    `count=${bytes}B`,
    'conv=sparse',
    'status=none',
  ]);
  await tool('truncate', ['-s', String(bytes), to]);
  return to;
}

/** Extracts everything of a file system, without its own records such as `$MFT`. */
export async function extract(fileSystem: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await tool('7z', ['x', '-y', `-o${to}`, '-x!$*', '-x![SYSTEM]', fileSystem]);
}
