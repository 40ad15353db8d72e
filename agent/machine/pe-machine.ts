// For which processor a Windows program was made, read from its header without Windows.
// Source: Microsoft, "PE Format" (COFF file header, data directories) and IMAGE_COR20_HEADER in winnt.h.
import { type FileHandle, open } from 'node:fs/promises';
import type { MachineFacts } from '../facts/machine-facts.ts';

/** `any`: a .NET program of byte code alone, which runs as what the system is. Others are named by their number, `0x200`. */
export type ProgramMachine = 'x86' | 'x64' | 'arm64' | 'arm' | 'any' | `0x${string}`;

const MACHINES: ReadonlyMap<number, ProgramMachine> = new Map([
  [0x014c, 'x86'],
  [0x8664, 'x64'],
  [0xaa64, 'arm64'],
  [0x01c4, 'arm'],
]);

const HEAD_MAX_BYTES = 64 * 1024;
const COM_DESCRIPTOR_DIRECTORY = 14;
const COMIMAGE_FLAGS_ILONLY = 1;
const COMIMAGE_FLAGS_32BITREQUIRED = 2;

/** @returns undefined for what is no PE file (a script, a DOS program) or cannot be read: starting it will tell. */
export async function programMachine(file: string): Promise<ProgramMachine | undefined> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    return (await handle.stat()).isFile() ? await machineIn(handle) : undefined;
  } catch (thrown) {
    // A field that points outside of what was read: not a sound PE file.
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  } finally {
    await handle.close();
  }
}

/**
 * Whether a program can start here. Windows PE has no layer for programs of another architecture (no WOW64, no emulation); the full OS runs 32-bit
 * programs, and on ARM those for x64.
 */
export function canStart(
  program: ProgramMachine,
  { architecture, system }: Pick<MachineFacts, 'architecture' | 'system'>,
): boolean {
  if (program === 'any' || program === architecture) return true;
  if (system === 'winpe' || architecture === 'x86') return false;
  return program === 'x86' || (architecture === 'arm64' && (program === 'x64' || program === 'arm'));
}

async function machineIn(file: FileHandle): Promise<ProgramMachine | undefined> {
  const head = await read(file, 0, HEAD_MAX_BYTES);
  if (head.length < 0x40 || head.readUInt16LE(0) !== 0x5a4d) return undefined;
  const pe = head.readUInt32LE(0x3c);
  if (head.readUInt32LE(pe) !== 0x0000_4550) return undefined;
  const number = head.readUInt16LE(pe + 4);
  const machine = MACHINES.get(number) ?? (`0x${number.toString(16)}` as const);
  return machine === 'x86' && (await isByteCodeAlone(file, head, pe)) ? 'any' : machine;
}

/** A .NET program "for any CPU" carries the header of an x86 one; its own header tells that it needs no 32-bit process. */
async function isByteCodeAlone(file: FileHandle, head: Buffer, pe: number): Promise<boolean> {
  const optional = pe + 24;
  const isPe32Plus = head.readUInt16LE(optional) === 0x20b;
  const directories = optional + (isPe32Plus ? 112 : 96);
  if (head.readUInt32LE(directories - 4) <= COM_DESCRIPTOR_DIRECTORY) return false;
  const address = head.readUInt32LE(directories + COM_DESCRIPTOR_DIRECTORY * 8);
  if (address === 0) return false;
  const sections = optional + head.readUInt16LE(pe + 20);
  for (let at = sections; at < sections + head.readUInt16LE(pe + 6) * 40; at += 40) {
    const start = head.readUInt32LE(at + 12);
    if (address < start || address >= start + head.readUInt32LE(at + 16)) continue;
    const header = await read(file, head.readUInt32LE(at + 20) + address - start, 20);
    const flags = header.readUInt32LE(16);
    return (flags & COMIMAGE_FLAGS_ILONLY) !== 0 && (flags & COMIMAGE_FLAGS_32BITREQUIRED) === 0;
  }
  return false;
}

async function read(file: FileHandle, offset: number, lengthBytes: number): Promise<Buffer> {
  const bytes = Buffer.alloc(lengthBytes);
  const { bytesRead } = await file.read(bytes, 0, lengthBytes, offset);
  return bytes.subarray(0, bytesRead);
}
