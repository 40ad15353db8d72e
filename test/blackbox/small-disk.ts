// A disk that is really full or really write-protected: a tmpfs in a mount namespace of its own, gone with the last process in it. Mounting there
// takes no rights of the machine, only that the kernel lets a user have a namespace.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { AT_DISK } from './play-case.ts';
import { type Ended, PRESTAGE, runPrestage } from './run-prestage.ts';
import type { Place } from './world.ts';

export interface SmallDisk {
  /** Of the whole tmpfs; the disk is copied into it. */
  readonly sizeBytes: number;
  /** What is left free for the first run: the rest is taken by another file until the second. */
  readonly freeBytes?: number;
  /** Mounted read-only for the first run. */
  readonly readOnly?: true;
}

/** Two runs of `prestage deploy` on one such disk, the second with its space or its rights given back; the disk as it is then lies below `folder/after`. */
export interface TwoRuns {
  readonly first: Ended;
  readonly second: Ended;
  readonly after: string;
}

const SCRIPT = `
set -e
mount -t tmpfs -o size=$1 tmpfs "$2/mounted"
cp -a "$2/disk/." "$2/mounted"
if [ "$4" = ro ]; then
  mount -o remount,ro "$2/mounted"
elif [ "$4" != all ]; then
  free=$(($(stat -f -c '%a * %S' "$2/mounted")))
  head -c $((free - $4)) /dev/zero > "$2/mounted/filler"
fi
set +e
cd "$2"
"$3" deploy $5 > first.out 2> first.err; echo $? > first.code
touch between; while [ -e between ]; do sleep 0.05; done
mount -o remount,rw "$2/mounted"
rm -f "$2/mounted/filler"
"$3" deploy $5 > second.out 2> second.err; echo $? > second.code
mkdir after && cp -a "$2/mounted/." after
`;

/** @param between runs after the first and before the second, while the disk is mounted. Throws where a namespace or a tmpfs cannot be had. */
export async function runTwice(
  { folder }: Place,
  { sizeBytes, freeBytes, readOnly }: SmallDisk,
  between: () => void,
): Promise<TwoRuns> {
  mkdirSync(path.join(folder, 'mounted'));
  const script = path.join(folder, 'two-runs.sh');
  writeFileSync(script, SCRIPT);
  const state = readOnly ? 'ro' : freeBytes === undefined ? 'all' : String(freeBytes);
  const words = AT_DISK.map(word => (word === 'disk' ? 'mounted' : word)).join(' ');
  const own = process.getuid?.() === 0 ? ['-m'] : ['-r', '-m'];
  const running = runPrestage(
    [...own, 'sh', script, String(sizeBytes), folder, PRESTAGE, state, words],
    { cwd: folder },
    'unshare',
  );
  await untilPresent(path.join(folder, 'between'), running);
  between();
  rmSync(path.join(folder, 'between'));
  const { code, stderr } = await running;
  if (code !== 0) throw new Error(`no small disk to be had (unshare, mount): ${stderr}`);
  return {
    first: endedIn(folder, 'first'),
    second: endedIn(folder, 'second'),
    after: path.join(folder, 'after'),
  };
}

async function untilPresent(file: string, running: Promise<Ended>): Promise<void> {
  let ended: Ended | undefined;
  void running.then(result => {
    ended = result;
  });
  while (!existsSync(file)) {
    if (ended !== undefined) throw new Error(`no small disk to be had (unshare, mount): ${ended.stderr}`);
    await wait(20);
  }
}

function endedIn(folder: string, name: string): Ended {
  const read = (suffix: string): string => readFileSync(path.join(folder, `${name}.${suffix}`), 'utf8');
  return { code: Number(read('code')), stdout: read('out'), stderr: read('err') };
}
