// Memory of `prestage deploy` while it fetches: the executable on the rehearsal machine, with a package of three sizes missing on its disk.
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../setup/program.mjs';
import { timed } from '../setup/say.mjs';
import { openDeploySite } from './deploy-site.mjs';
import { judged, rowsOf } from './measure.mjs';
import { programs } from './needed.mjs';
import { startNginx } from './nginx.mjs';
import { randomFile } from './random-file.mjs';
import { smallTree } from './small-tree.mjs';

export const title = 'memory of deploy while it fetches 256 MiB, 1 GiB and 3 GiB';
export const aims =
  'Aims: below 200 MB, and flat: the largest takes at most 1.1 of what the smallest takes. The whole process, as the kernel counts it (VmHWM).';

const DEFAULT_MIB = 3072;
const SHARES = [1 / 12, 1 / 3, 1];

/** Beside the large file, so that both ways of fetching are used. */
const SMALL_FILES = 500;

const SAMPLE_MS = 10;
const EXIT_CONTINUES_AFTER_RESTART = 3;

/** @param mib the largest size; the others are parts of it */
export async function measure({ folder, mib = DEFAULT_MIB, seed, signal, atEnd }) {
  await programs('nginx', 'diff', 'wimlib-imagex');
  const point = join(folder, 'point');
  const nginx = await startNginx(point);
  atEnd(() => nginx.close());
  const site = await openDeploySite({ folder, point, url: nginx.url });
  const disk = join(folder, 'disk');
  const clear = () => {
    for (const made of [disk, point]) rmSync(made, { recursive: true, force: true });
  };
  atEnd(clear);
  const results = [];
  for (const size of SHARES.map(share => Math.round(mib * share))) {
    signal.throwIfAborted();
    const tree = join(folder, `tree-${size}-${seed}`);
    await smallTree(tree, { files: SMALL_FILES, seed });
    await randomFile(join(tree, 'large.bin'), size);
    await timed(`published ${size} MiB`, () => site.publish(`${size}`, tree));
    rmSync(disk, { recursive: true, force: true });
    await site.layDisk(disk);
    const before = await nginx.wire();
    const began = performance.now();
    const { peakMB, ownMB } = await peaksOf(site.prestage, site.deployWords(disk));
    const seconds = (performance.now() - began) / 1000;
    const sentBytes = (await nginx.wire()).sentBytes - before.sentBytes;
    await run('diff', ['-rq', tree, site.packageOn(disk)]);
    results.push({ mib: size, peakMB, ownMB, sentBytes, seconds });
  }
  const peaks = results.map(({ peakMB }) => peakMB);
  return {
    results,
    table: rowsOf(
      ['missing', 'sent', 'deploy took', 'peak', 'of its own'],
      results.map(each => [
        `${each.mib} MiB`,
        `${(each.sentBytes / 1e6).toFixed(0)} MB`,
        `${each.seconds.toFixed(1)} s`,
        `${each.peakMB} MB`,
        `${each.ownMB} MB`,
      ]),
    ),
    verdict: [
      judged('peak memory in MB', Math.max(...peaks), 200),
      judged('largest to smallest', peaks.at(-1) / peaks[0], 1.1),
    ],
  };
}

/**
 * @returns the most memory that the process has had, in MB, and the most that was its own: the rest is pages of the executable and its libraries,
 * which the system can take back. Rejects with what it said when it does not end as a deployment does.
 */
async function peaksOf(command, words) {
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', piece => said.push(piece));
  let [peak, own] = [0, 0];
  // The kernel's own high-water mark: only what comes in the last moment can be missed.
  const sampling = setInterval(() => {
    const status = statusOf(child.pid);
    peak = Math.max(peak, kibOf(status, 'VmHWM'));
    own = Math.max(own, kibOf(status, 'RssAnon'));
  }, SAMPLE_MS);
  try {
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status, how) => resolve(status ?? how));
    });
    if (code !== EXIT_CONTINUES_AFTER_RESTART)
      throw new Error(`deploy ended with ${code}\n${Buffer.concat(said).toString().slice(-4000)}`);
    const [peakMB, ownMB] = [peak, own].map(kib => Math.round((kib * 1024) / 1e6));
    return { peakMB, ownMB };
  } finally {
    clearInterval(sampling);
  }
}

/** proc(5); empty once the process has ended. */
function statusOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

function kibOf(status, name) {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
}
