// Mounts a partition of a disk image on this machine for as long as somebody looks at it, as the computer's next start would: read-write, so that
// the kernel replays the journal of ext4. It changes the image: give it a copy. Whatever happens, nothing stays mounted and no loop device in use.
import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asRoot } from './as-root.mjs';
import { partitionPlace } from './partition-place.mjs';
import { unmountAtTheEnd } from './unmount-at-the-end.mjs';

/** The volume is not what its file system promises after a power cut: a verdict on the disk, not on this machine. */
export class UnsoundVolume extends Error {}

/** What is needed of a machine, by name; empty where all is there. */
export async function missingForMounts() {
  const missing = [];
  const root = await asRoot('losetup', ['--find']).catch(() => ({ code: 1 }));
  if (root.code !== 0) missing.push('loop devices, as root or through sudo without a password');
  if (!/\bext4$/m.test(readFileSync('/proc/filesystems', 'utf8')))
    missing.push('the ext4 file system in the kernel');
  return missing;
}

/**
 * `look` is called with the folder at which the volume is mounted; what it resolves to is returned. After it ext4 is judged by `e2fsck -fn`, before it
 * NTFS by `ntfsfix -n`; NTFS is mounted read-only, by ntfs-3g. Throws UnsoundVolume where mounting or one of these finds fault.
 */
export async function withMountedPartition(image, { partition, type }, look) {
  const place = await partitionPlace(image, partition);
  if (type === 'ntfs') await requireSoundNtfs(image, place);
  const root = mkdtempSync(join(tmpdir(), 'prestage-mount-'));
  const forget = unmountAtTheEnd(root);
  try {
    await mount(image, place, type, root);
    let result;
    try {
      result = await look(root);
    } finally {
      await unmount(root);
    }
    if (type === 'ext4') await requireSoundExt4(image, place);
    return result;
  } finally {
    forget();
    rmdirSync(root);
  }
}

/** The loop device is mount's own: it is freed with the mount, also after this process was killed. */
async function mount(image, place, type, root) {
  const options = ['loop', 'nosuid', 'nodev', 'noexec', 'noatime'];
  if (place !== undefined) options.push(`offset=${place.offset}`, `sizelimit=${place.length}`);
  if (type === 'ntfs') options.push('ro');
  const kind = type === 'ntfs' ? 'ntfs-3g' : type;
  const { code, output } = await asRoot('mount', ['-t', kind, '-o', options.join(','), image, root]);
  if (code !== 0) throw new UnsoundVolume(`it cannot be mounted: ${output}`);
}

async function unmount(root) {
  const { code, output } = await asRoot('umount', [root]);
  if (code === 0) return;
  await asRoot('umount', ['--lazy', root]);
  throw new Error(`still in use after the look at it: ${output}`);
}

async function requireSoundExt4(image, place) {
  const volume = place === undefined ? image : `${image}?offset=${place.offset}`;
  const { code, output } = await asRoot('e2fsck', ['-f', '-n', volume]);
  if (code !== 0) throw new UnsoundVolume(`e2fsck -fn ended with code ${code}:\n${output}`);
}

async function requireSoundNtfs(image, place) {
  const where = place === undefined ? [] : ['--offset', place.offset, '--sizelimit', place.length];
  const loop = await asRoot('losetup', ['--find', '--show', '--read-only', ...where.map(String), image]);
  if (loop.code !== 0) throw new Error(`no loop device: ${loop.output}`);
  try {
    const { code, output } = await asRoot('ntfsfix', ['-n', loop.output]);
    if (code !== 0) throw new UnsoundVolume(`ntfsfix -n ended with code ${code}:\n${output}`);
  } finally {
    await asRoot('losetup', ['--detach', loop.output]);
  }
}
