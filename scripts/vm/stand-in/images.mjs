// Makes the files that a machine starts the stand-in from.
import { copyFileSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { at } from '../../setup/place.mjs';
import { run } from '../../setup/program.mjs';
import { packageNamed, unpack } from './unpack.mjs';

/** Kernel parameters of a start by the firmware; QEMU's own start adds to them. */
export const KERNEL_PARAMETERS =
  'console=ttyS0 panic=-1 quiet loglevel=4 random.trust_cpu=1 tsc=reliable mitigations=off nokaslr';

/** lz4: an emulated processor unpacks it fastest. */
export async function makeRoot(tree, folder) {
  const options = ['-comp', 'lz4', '-Xhc', '-noappend', '-no-progress', '-all-root', '-quiet'];
  await run('mksquashfs', [tree, join(folder, 'root.squashfs'), ...options]);
}

/** Two of them: one that finds the root on a disk beside, and one that has it inside. */
export async function makeInitrd(tree, modules, folder) {
  const content = join(folder, 'parts/initrd');
  for (const name of ['bin', 'modules', 'dev', 'proc', 'sys'])
    mkdirSync(join(content, name), { recursive: true });
  copyFileSync(join(tree, 'usr/bin/busybox'), join(content, 'bin/busybox'));
  copyFileSync(at('scripts/vm/stand-in/guest/init'), join(content, 'init'));
  for (const { name, file } of modules) copyFileSync(file, join(content, 'modules', `${name}.ko`));
  writeFileSync(join(content, 'modules.order'), `${modules.map(({ name }) => name).join('\n')}\n`);
  const pack = file => run('sh', ['-c', 'cd "$0" && find . | cpio -o -H newc --quiet > "$1"', content, file]);
  await pack(join(folder, 'initrd.img'));
  copyFileSync(join(folder, 'root.squashfs'), join(content, 'root.squashfs'));
  await pack(join(folder, 'parts/initrd-with-root.img'));
}

/** A unified kernel image: sections behind systemd's EFI stub (systemd-stub(7)), placed one behind the other in memory. */
export async function makeEfiProgram(debs, folder) {
  const parts = join(folder, 'parts/efi');
  mkdirSync(parts, { recursive: true });
  await unpack(packageNamed(debs, 'systemd-boot-efi'), parts, './usr/lib/systemd/boot/efi/linuxx64.efi.stub');
  const stub = join(parts, 'usr/lib/systemd/boot/efi/linuxx64.efi.stub');
  writeFileSync(join(parts, 'cmdline'), `${KERNEL_PARAMETERS} pe.console=tty1\0`);
  const sections = [
    ['.cmdline', join(parts, 'cmdline')],
    ['.linux', join(folder, 'vmlinuz')],
    ['.initrd', join(folder, 'parts/initrd-with-root.img')],
  ];
  let address = await endOf(stub);
  const words = [];
  for (const [name, file] of sections) {
    address = Math.ceil(address / PAGE_BYTES) * PAGE_BYTES;
    words.push(
      '--add-section',
      `${name}=${file}`,
      '--change-section-vma',
      `${name}=0x${address.toString(16)}`,
    );
    address += statSync(file).size;
  }
  await run('objcopy', [...words, stub, join(folder, 'BOOTX64.EFI')]);
}

const PAGE_BYTES = 4096;

/** The first address behind the stub's own sections. */
async function endOf(stub) {
  const listing = await run('objdump', ['-h', stub]);
  const ends = [...listing.matchAll(/^\s*\d+\s+\S+\s+([0-9a-f]+)\s+([0-9a-f]+)\s/gm)].map(
    ([, size, address]) => Number.parseInt(size, 16) + Number.parseInt(address, 16),
  );
  if (ends.length === 0) throw new Error(`${readdirSync(join(stub, '..'))}: no sections`);
  return Math.max(...ends);
}
