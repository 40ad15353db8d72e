// Real firmware starts the media of a disk image: SeaBIOS and OVMF in QEMU, with stand-ins for Windows' boot managers that say on the serial
// line that they run.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mediaApply } from '../../agent/commands/media/apply.ts';
import { makeEfiProgram, SERIAL_PORT, startMachine, uefi } from '../support/firmware-stand-ins.ts';
import { tool } from '../support/raw-disk.ts';
import { makeSmallSite, type SmallSite, testComposition } from '../support/small-site.ts';
import { tempFolder } from '../support/temp-folder.ts';

const temporary = tempFolder('firmware');
const at = (...names: readonly string[]) => path.join(temporary, ...names);
/** Emulated, so slow; in a run of its own it takes 2 s (BIOS) and 5 s (UEFI). */
const PATIENCE_MS = 90_000;

// As Windows' boot sector hands over: 16 bits, at 2000:0000, with the partition's boot sector at 0000:7c00, whose hidden sectors say where it begins.
const BOOTMGR = `
.code16
.globl _start
_start:
  cli
  xor %ax, %ax
  mov %ax, %es
  movl %es:0x7c1c, %eax
  cmpl $2048, %eax
  jne stop
  mov %cs, %ax
  cmp $0x2000, %ax
  jne stop
  mov %ax, %ds
  mov $message, %si
  mov $${SERIAL_PORT}, %dx
next: lodsb
  test %al, %al
  jz stop
  out %al, %dx
  jmp next
stop: hlt
  jmp stop
message: .asciz "bootmgr runs\\r\\n"
`;

let site: SmallSite;

beforeAll(async () => {
  writeFileSync(at('bootmgr.s'), BOOTMGR);
  await tool('as', ['--32', '-o', at('bootmgr.o'), at('bootmgr.s')]);
  await tool('ld', [
    '-m',
    'elf_i386',
    '-Ttext',
    '0',
    '--oformat',
    'binary',
    '-o',
    at('bootmgr'),
    at('bootmgr.o'),
  ]);
  site = await makeSmallSite(at('site'), {
    differences: {
      'content/CON00005/files/EFI/BOOT/BOOTX64.EFI': await makeEfiProgram(
        at('bootx64.efi'),
        'BOOTX64.EFI runs',
      ),
      'content/CON00005/files/bootmgr': readFileSync(at('bootmgr')),
      'content/CON00005/files/Boot/BCD': 'a boot store',
    },
  });
});
afterAll(() => site.close());

async function apply(name: string, firmware: string): Promise<string> {
  const key = [path.join(site.site, 'keys/media.pub')];
  const options = { diskImage: at(name), firmware, size: '400M', espSize: '64M', key, yes: true };
  await mediaApply(site.wim, options, testComposition(site));
  return at(name);
}

/** Starts a machine with that disk until its serial line says `words`. @returns what it said. */
function start(disk: string, words: string, firmware: readonly string[] = []): Promise<string> {
  const medium = [...firmware, '-drive', `file=${disk},format=raw`];
  return startMachine(`${disk}.serial`, words, { medium, patienceMs: PATIENCE_MS });
}

test('UEFI firmware starts EFI/BOOT/BOOTX64.EFI of the disk', { timeout: PATIENCE_MS + 30_000 }, async () => {
  const disk = await apply('uefi.img', 'uefi');
  expect(await start(disk, 'BOOTX64.EFI runs', uefi(at('variables.fd')))).toContain('BOOTX64.EFI runs');
});

test('a BIOS starts bootmgr of the disk as Windows’ boot sector would', {
  timeout: PATIENCE_MS + 30_000,
}, async () => {
  const disk = await apply('bios.img', 'bios');
  expect(await start(disk, 'bootmgr runs')).toContain('bootmgr runs');
});
