// Real program headers: built here for x64, and the same bytes with the fields of other kinds put in.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { MachineFacts } from '../../agent/facts/machine-facts.ts';
import { canStart, type ProgramMachine, programMachine } from '../../agent/machine/pe-machine.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('pe-machine');
const built = path.join(folder, 'built.exe');
beforeAll(() => {
  writeFileSync(path.join(folder, 'main.c'), 'int main(void) { return 0; }\n');
  execFileSync('x86_64-w64-mingw32-gcc', ['-o', built, path.join(folder, 'main.c')]);
});

/** The built program, changed at offsets from its PE header. */
function changed(name: string, change: (bytes: Buffer, pe: number) => void): string {
  const bytes = readFileSync(built);
  change(bytes, bytes.readUInt32LE(0x3c));
  const file = path.join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

const machine = (number: number) => (bytes: Buffer, pe: number) => void bytes.writeUInt16LE(number, pe + 4);

test.each([
  ['as it was built', () => {}, 'x64'],
  ['for 32 bits', machine(0x014c), 'x86'],
  ['for ARM', machine(0xaa64), 'arm64'],
  ['for 32-bit ARM', machine(0x01c4), 'arm'],
  ['for Itanium', machine(0x0200), '0x200'],
  ['for .NET and any processor', dotNet(1), 'any'],
  ['for .NET and 32 bits', dotNet(3), 'x86'],
  ['for .NET with code of its own', dotNet(0), 'x86'],
] as const)('a program %s', async (name, change, expected) => {
  expect(await programMachine(changed(`${name}.exe`, change))).toBe(expected);
});

/** A .NET program carries the header of a 32-bit one and a header of its own, here at the start of the first section. */
function dotNet(flags: number): (bytes: Buffer, pe: number) => void {
  return (bytes, pe) => {
    machine(0x014c)(bytes, pe);
    const optional = pe + 24;
    const section = optional + bytes.readUInt16LE(pe + 20);
    bytes.writeUInt32LE(bytes.readUInt32LE(section + 12), optional + 112 + 14 * 8);
    bytes.writeUInt32LE(flags, bytes.readUInt32LE(section + 20) + 16);
  };
}

test.each([
  ['a script', Buffer.from('@echo off\r\n')],
  ['nothing', Buffer.alloc(0)],
  ['a DOS program', Buffer.concat([Buffer.from('MZ'), Buffer.alloc(200)])],
  [
    'a header that points outside',
    Buffer.concat([Buffer.from('MZ'), Buffer.alloc(0x3a), Buffer.from([0, 0, 0, 0x70])]),
  ],
])('%s tells no architecture, and starting it will tell', async (name, bytes) => {
  const file = path.join(folder, `${name}.bin`);
  writeFileSync(file, bytes);
  expect(await programMachine(file)).toBeUndefined();
});

test('a file cut anywhere in its header is not misread', async () => {
  const bytes = readFileSync(built);
  const file = path.join(folder, 'cut.exe');
  for (let length = 0; length < 512; length += 7) {
    writeFileSync(file, bytes.subarray(0, length));
    expect([undefined, 'x64']).toContain(await programMachine(file));
  }
});

test('what is absent or a folder tells nothing', async () => {
  expect(await programMachine(path.join(folder, 'nowhere.exe'))).toBeUndefined();
  expect(await programMachine(folder)).toBeUndefined();
});

test.each<[ProgramMachine, MachineFacts['architecture'], 'winpe' | 'full-os', boolean]>([
  ['x64', 'x64', 'winpe', true],
  ['x86', 'x64', 'winpe', false],
  ['arm64', 'x64', 'winpe', false],
  ['any', 'x64', 'winpe', true],
  ['x86', 'x64', 'full-os', true],
  ['x64', 'x64', 'full-os', true],
  ['arm64', 'x64', 'full-os', false],
  ['arm64', 'arm64', 'winpe', true],
  ['x64', 'arm64', 'winpe', false],
  ['x64', 'arm64', 'full-os', true],
  ['x86', 'arm64', 'full-os', true],
  ['arm', 'arm64', 'full-os', true],
  ['x86', 'x86', 'winpe', true],
  ['x64', 'x86', 'full-os', false],
  ['0x200', 'x64', 'full-os', false],
])('a program for %s on %s in %s: %s', (program, architecture, system, expected) => {
  expect(canStart(program, { architecture, system })).toBe(expected);
});
