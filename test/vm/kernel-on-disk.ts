// A real kernel's file system on a disk that is served over NBD, without a virtual machine: qemu-storage-daemon shows the disk as one file (FUSE), the
// kernel mounts that file. Flushes of the kernel arrive at the disk as flushes. Touch the mounted folder with asynchronous calls only: the disk
// is served by this very process.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { find } from '../../scripts/setup/program.mjs';
import { asRoot } from '../../scripts/vm/disk/as-root.mjs';

export interface MountedDisk {
  /** Where the volume is mounted. */
  readonly root: string;
  /** kill -9 to what stands between kernel and disk, as at a power cut; nothing stays mounted. */
  kill(): Promise<void>;
}

/** Mounts the ext4 volume that fills the disk at `socket`, with `folder` for what is needed beside it. */
export async function mountOverNbd(
  socket: string,
  folder: string,
  options = 'noatime',
): Promise<MountedDisk> {
  const file = path.join(folder, 'disk');
  const root = path.join(folder, 'root');
  mkdirSync(root, { recursive: true });
  writeFileSync(file, '');
  const daemon = spawn(
    find('qemu-storage-daemon') ?? 'qemu-storage-daemon',
    [
      '--blockdev',
      `driver=nbd,node-name=disk,server.type=unix,server.path=${socket}`,
      '--export',
      `type=fuse,id=file,node-name=disk,mountpoint=${file},writable=on`,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  await shown(file, daemon);
  const mounted = await asRoot('mount', ['-t', 'ext4', '-o', `loop,${options}`, file, root]);
  const kill = async (): Promise<void> => {
    const ended = once(daemon, 'exit');
    daemon.kill('SIGKILL');
    await ended;
    await asRoot('umount', ['--lazy', root]);
    await asRoot('umount', ['--lazy', file]);
  };
  if (mounted.code !== 0) {
    await kill();
    throw new Error(mounted.output);
  }
  return { root, kill };
}

/** Until then it is the empty file below. */
async function shown(file: string, daemon: ChildProcess): Promise<void> {
  for (;;) {
    if (daemon.exitCode !== null) throw new Error(`qemu-storage-daemon ended with code ${daemon.exitCode}`);
    if ((await stat(file)).size > 0) return;
    await pause(10);
  }
}
