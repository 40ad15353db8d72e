// Real firmware starts the media of a disk image: SeaBIOS and OVMF in QEMU, with stand-ins for Windows' boot managers that say on the serial
// line that they run.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mediaApply } from '../../agent/commands/media/apply.ts';
import { tool } from '../support/raw-disk.ts';
import { makeSmallSite, type SmallSite, testComposition } from '../support/small-site.ts';
import { tempFolder } from '../support/temp-folder.ts';

const temporary = tempFolder('firmware');
const at = (...names: readonly string[]) => path.join(temporary, ...names);
/** Emulated, so slow; in a run of its own it takes 2 s (BIOS) and 5 s (UEFI). */
const PATIENCE_MS = 90_000;

/** First serial port; every firmware has it at this place in QEMU. */
const SERIAL = '0x3f8';

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
  mov $${SERIAL}, %dx
next: lodsb
  test %al, %al
  jz stop
  out %al, %dx
  jmp next
stop: hlt
  jmp stop
message: .asciz "bootmgr runs\\r\\n"
`;

const EFI = `
static void say(const char *text) { for (; *text; text++) __asm__ volatile("outb %0, %1" :: "a"(*text), "Nd"((unsigned short)${SERIAL})); }
unsigned long long efi_main(void *image, void *system) { say("BOOTX64.EFI runs\\r\\n"); for (;;) __asm__ volatile("hlt"); }
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
  writeFileSync(at('efi.c'), EFI);
  const link = ['-nostdlib', '-O1', '-fno-stack-protector', '-Wl,--subsystem,10', '-e', 'efi_main'];
  await tool('x86_64-w64-mingw32-gcc', [...link, '-o', at('bootx64.efi'), at('efi.c')]);
  site = await makeSmallSite(at('site'), {
    differences: {
      'content/CON00005/files/EFI/BOOT/BOOTX64.EFI': readFileSync(at('bootx64.efi')),
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
async function start(disk: string, words: string, firmware: readonly string[] = []): Promise<string> {
  const serial = `${disk}.serial`;
  const drive = ['-drive', `file=${disk},format=raw`, '-serial', `file:${serial}`];
  const machine = spawn(
    'qemu-system-x86_64',
    ['-accel', 'tcg', '-m', '256', '-display', 'none', '-no-reboot', '-nic', 'none', ...firmware, ...drive],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let errors = '';
  machine.stderr.on('data', (piece: Buffer) => {
    errors += piece.toString();
  });
  const ended = once(machine, 'close');
  const said = (): string => (existsSync(serial) ? readFileSync(serial, 'latin1') : '');
  const until = performance.now() + PATIENCE_MS;
  while (!said().includes(words) && machine.exitCode === null && performance.now() < until)
    await new Promise(resolve => setTimeout(resolve, 100));
  machine.kill('SIGKILL');
  await ended;
  return said() + errors;
}

test('UEFI firmware starts EFI/BOOT/BOOTX64.EFI of the disk', { timeout: PATIENCE_MS + 30_000 }, async () => {
  const disk = await apply('uefi.img', 'uefi');
  copyFileSync('/usr/share/OVMF/OVMF_VARS_4M.fd', at('variables.fd'));
  const flash = (file: string, access: string): string => `if=pflash,format=raw,${access}file=${file}`;
  const firmware = [
    ...['-machine', 'q35'],
    ...['-drive', flash('/usr/share/OVMF/OVMF_CODE_4M.fd', 'readonly=on,')],
    ...['-drive', flash(at('variables.fd'), '')],
  ];
  expect(await start(disk, 'BOOTX64.EFI runs', firmware)).toContain('BOOTX64.EFI runs');
});

test('a BIOS starts bootmgr of the disk as Windows’ boot sector would', {
  timeout: PATIENCE_MS + 30_000,
}, async () => {
  const disk = await apply('bios.img', 'bios');
  expect(await start(disk, 'bootmgr runs')).toContain('bootmgr runs');
});
