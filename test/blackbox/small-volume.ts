// A command whose folder is a small or write-protected file system of its own: a tmpfs in a mount namespace, gone with the last process in it.
// Mounting there takes no rights of the machine, only that the kernel lets a user have a namespace.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Ended, PRESTAGE, runPrestage } from './run-prestage.ts';

export interface SmallVolume {
  /** Of the tmpfs at `small`. */
  readonly sizeKilobytes: number;
  readonly readOnly?: true;
  /** A folder beside, whose content is there before. */
  readonly holds?: string;
}

const SCRIPT = `
set -e
cd "$2"
mount -t tmpfs -o "size=$1k" tmpfs small
if [ -d seed ]; then cp -a seed/. small; fi
if [ "$4" = ro ]; then mount -o remount,ro small; fi
program="$3"
shift 4
set +e
"$program" "$@" > run.out 2> run.err
echo $? > run.code
mkdir after && cp -a small/. after
`;

/** @returns the run, and where what the volume holds afterwards was copied to. Throws where a namespace or a tmpfs cannot be had. */
export async function runOnSmallVolume(
  place: string,
  { sizeKilobytes, readOnly, holds }: SmallVolume,
  words: readonly string[],
): Promise<{ readonly ended: Ended; readonly after: string }> {
  mkdirSync(path.join(place, 'small'));
  if (holds !== undefined) cpSync(path.join(place, holds), path.join(place, 'seed'), { recursive: true });
  const script = path.join(place, 'small-volume.sh');
  writeFileSync(script, SCRIPT);
  const own = process.getuid?.() === 0 ? ['-m'] : ['-r', '-m'];
  const state = readOnly ? 'ro' : 'rw';
  const { code, stderr } = await runPrestage(
    [...own, 'sh', script, String(sizeKilobytes), place, PRESTAGE, state, ...words],
    { cwd: place },
    'unshare',
  );
  if (code !== 0) throw new Error(`no small volume to be had (unshare, mount): ${stderr}`);
  const read = (end: string): string => readFileSync(path.join(place, `run.${end}`), 'utf8');
  return {
    ended: { code: Number(read('code')), stdout: read('out'), stderr: read('err') },
    after: path.join(place, 'after'),
  };
}
