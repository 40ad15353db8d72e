// The kernel of the stand-in and the drivers that it needs, out of Debian's package.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from '../../setup/program.mjs';
import { unpack } from './unpack.mjs';
import { unpackKernel } from './unpack-kernel.mjs';

/** In the order in which they are loaded: each after those it needs. Disks of every kind that QEMU and Hyper-V have, the network, file systems. */
const MODULES = [
  ...['virtio_blk', 'failover', 'net_failover', 'virtio_net', 'squashfs', 'overlay', 'loop', 'ntfs3'],
  ...[
    'nls_cp437',
    'nls_utf8',
    'nls_ascii',
    'fat',
    'vfat',
    'scsi_common',
    'scsi_mod',
    'libata',
    'libahci',
    'ahci',
    'sd_mod',
  ],
];

/**
 * Lays `vmlinuz` and `vmlinux` into `folder`.
 * @returns the drivers, unpacked, in the order in which they are to be loaded; one that the kernel has built in is left out
 */
export async function layKernel(debs, folder) {
  const deb = debs.find(file => basename(file).startsWith('linux-image-'));
  const parts = join(folder, 'parts/kernel');
  mkdirSync(parts, { recursive: true });
  await unpack(deb, parts, './boot/vmlinuz-*', './usr/lib/modules/*/kernel/*');
  const vmlinuz = readdirSync(join(parts, 'boot')).find(name => name.startsWith('vmlinuz-'));
  copyFileSync(join(parts, 'boot', vmlinuz), join(folder, 'vmlinuz'));
  writeFileSync(join(folder, 'vmlinux'), await unpackKernel(readFileSync(join(folder, 'vmlinuz'))));

  const found = new Map();
  for (const entry of readdirSync(parts, { recursive: true })) {
    const name = /([^/]+)\.ko(\.xz)?$/.exec(entry)?.[1];
    if (name !== undefined) found.set(name, join(parts, entry));
  }
  const modules = [];
  for (const name of MODULES) {
    const file = found.get(name);
    if (file === undefined) continue;
    const plain = join(parts, `${name}.ko`);
    if (file.endsWith('.xz')) await run('sh', ['-c', 'xz -dc "$0" > "$1"', file, plain]);
    else copyFileSync(file, plain);
    modules.push({ name, file: plain });
  }
  return modules;
}
