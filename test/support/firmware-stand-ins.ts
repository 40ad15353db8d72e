// Stand-ins for the programs that firmware starts from a boot medium; each says on the first serial port that it runs, and stops. And the machine for them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { tool } from './raw-disk.ts';

/** First serial port; every firmware has it at this place in QEMU. */
export const SERIAL_PORT = '0x3f8';

/** El Torito, section 2.1: the BIOS loads as many sectors as the entry says at 0000:7c00 and jumps there. The last sector is read, too. */
const CD_SECTOR = (words: string) => `
.code16
.globl _start
_start:
  cli
  xor %ax, %ax
  mov %ax, %ds
  mov $(0x7c00 + last - _start), %si
  mov $${SERIAL_PORT}, %dx
next: lodsb
  test %al, %al
  jz stop
  out %al, %dx
  jmp next
stop: hlt
  jmp stop
  .org 4000
last: .asciz "${words}\\r\\n"
  .org 4096
`;

const EFI = (words: string) => `
static void say(const char *text) { for (; *text; text++) __asm__ volatile("outb %0, %1" :: "a"(*text), "Nd"((unsigned short)${SERIAL_PORT})); }
unsigned long long efi_main(void *image, void *system) { say("${words}\\r\\n"); for (;;) __asm__ volatile("hlt"); }
`;

/** A boot sector as long as etfsboot.com, 4096 bytes, whose words lie at its end. */
export async function makeCdSector(file: string, words: string): Promise<Buffer> {
  writeFileSync(`${file}.s`, CD_SECTOR(words));
  await tool('as', ['--32', '-o', `${file}.o`, `${file}.s`]);
  await tool('ld', ['-m', 'elf_i386', '-Ttext', '0', '--oformat', 'binary', '-o', file, `${file}.o`]);
  return readFileSync(file);
}

/** A program for UEFI on x64. */
export async function makeEfiProgram(file: string, words: string): Promise<Buffer> {
  writeFileSync(`${file}.c`, EFI(words));
  const link = ['-nostdlib', '-O1', '-fno-stack-protector', '-Wl,--subsystem,10', '-e', 'efi_main'];
  await tool('x86_64-w64-mingw32-gcc', [...link, '-o', file, `${file}.c`]);
  return readFileSync(file);
}

/** A floppy image as efisys.bin is: FAT with EFI/BOOT/BOOTX64.EFI. */
export async function makeEfiFloppy(file: string, program: string): Promise<Buffer> {
  await tool('mformat', ['-C', '-f', '1440', '-i', file, '::']);
  await tool('mmd', ['-i', file, '::EFI', '::EFI/BOOT']);
  await tool('mcopy', ['-i', file, program, '::EFI/BOOT/BOOTX64.EFI']);
  return readFileSync(file);
}

/** QEMU's words for OVMF; `variables` is a file of its own for the machine. */
export function uefi(variables: string): readonly string[] {
  copyFileSync('/usr/share/OVMF/OVMF_VARS_4M.fd', variables);
  const flash = (file: string, access: string): string => `if=pflash,format=raw,${access}file=${file}`;
  return [
    ...['-machine', 'q35'],
    ...['-drive', flash('/usr/share/OVMF/OVMF_CODE_4M.fd', 'readonly=on,')],
    ...['-drive', flash(variables, '')],
  ];
}

/** Starts a machine with a medium until its serial line says `words`, or patience ends. @returns what it said. */
export async function startMachine(
  serial: string,
  words: string,
  { medium, patienceMs }: { readonly medium: readonly string[]; readonly patienceMs: number },
): Promise<string> {
  const bare = ['-accel', 'tcg', '-m', '256', '-display', 'none', '-no-reboot', '-nic', 'none'];
  const machine = spawn('qemu-system-x86_64', [...bare, ...medium, '-serial', `file:${serial}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  machine.stderr.on('data', (piece: Buffer) => {
    errors += piece.toString();
  });
  const ended = once(machine, 'close');
  const said = (): string => (existsSync(serial) ? readFileSync(serial, 'latin1') : '');
  const until = performance.now() + patienceMs;
  while (!said().includes(words) && machine.exitCode === null && performance.now() < until)
    await new Promise(resolve => setTimeout(resolve, 100));
  machine.kill('SIGKILL');
  await ended;
  return said() + errors;
}
