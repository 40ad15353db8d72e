// Virtual machines for tests: the site's distribution point by nginx, disks that forget at a power cut what was not flushed, and what came of it.
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { copyImage } from '../../scripts/vm/disk/copy-image.mjs';
import { withMountedPartition } from '../../scripts/vm/disk/mounted-partition.mjs';
import { openVolatileDisk, type VolatileDisk } from '../../scripts/vm/disk/volatile-disk.mjs';
import { VOLUME } from '../../scripts/vm/ext4-disk.mjs';
import { onlyPoint } from '../../scripts/vm/guest-network.mjs';
import { type Machine, type MachineParts, powerOn } from '../../scripts/vm/machine.mjs';
import { prepareDisk } from '../../scripts/vm/prepare-site.mjs';
import type { VmSite } from '../../scripts/vm/site.mjs';
import { type Nginx, startNginx } from './nginx.ts';
import { type Reference, takeReference } from './vm-judge.ts';

const run = promisify(execFile);

/** Patience with a start: under a minute on a computer that does nothing else, several times that beside another machine on a busy one. */
export const START_MS = 400_000;

/** 256 MB are Wine's and the agent's at their most, and X: holds the agent. */
const MEMORY_MB = 1280;

export interface VmKit extends AsyncDisposable {
  readonly site: VmSite;
  /** A disk that was never started: to be copied. */
  readonly base: string;
  readonly nginx: Nginx;
  readonly reference: Reference;
  /** What every machine has. */
  readonly parts: Omit<MachineParts, 'disk'>;
}

/** @param folder of the test */
export async function openVmKit(folder: string, type: 'ntfs' | 'ext4'): Promise<VmKit> {
  const { site, disk } = await prepareDisk(type);
  const copy = path.join(folder, 'delivered.img');
  await copyImage(disk, copy);
  const reference = await withMountedPartition(copy, { partition: VOLUME.number, type }, root =>
    takeReference(site, path.join(root, '_SMSTaskSequence/Packages')),
  );
  await rm(copy);
  // Last: what fails before it leaves no server behind.
  const nginx = await startNginx(site.point);
  return {
    site,
    base: disk,
    nginx,
    reference,
    parts: {
      start: 'kernel',
      memoryMb: MEMORY_MB,
      serialNumber: 'VM-0001',
      network: onlyPoint(Number(new URL(nginx.url).port)),
    },
    [Symbol.asyncDispose]: () => nginx.close(),
  };
}

/** A machine on a disk with a volatile write cache. */
export interface CuttableMachine {
  readonly machine: Machine;
  readonly disk: VolatileDisk;
  /** The power goes, at once for the machine and its disk. */
  cut(policy: 'none' | 'mixed', random: () => number): Promise<void>;
}

/** @param image raw; made as a copy of `base` when that is given */
export async function powerOnCuttable(
  { parts }: Pick<VmKit, 'parts'>,
  { image, base, log }: { readonly image: string; readonly base?: string; readonly log?: string },
  more: Partial<MachineParts> = {},
): Promise<CuttableMachine> {
  const socket = `${image}.nbd`;
  const disk = await openVolatileDisk({
    image,
    socket,
    ...(base === undefined ? {} : { base }),
    ...(log === undefined ? {} : { log }),
  });
  const machine = powerOn({ ...parts, ...more, disk: `nbd+unix:///?socket=${socket}` });
  return {
    machine,
    disk,
    async cut(policy, random) {
      // The disk first: what the machine would still send is lost with it.
      await Promise.all([disk.cut(policy, random), machine.kill()]);
    },
  };
}

/** What the boot store on the EFI system partition of a disk image says. */
export async function bootStoreOf(image: string): Promise<string> {
  const { stdout } = await run('mtype', ['-i', `${image}@@${1024 * 1024}`, '::/EFI/Microsoft/Boot/BCD']);
  return stdout;
}

/** The marks of the serial line, without their times. */
export const marksOf = (lines: Machine['lines']): readonly string[] =>
  lines.flatMap(({ text }) => /^@@ \S+ (.*)$/.exec(text)?.[1] ?? []);
