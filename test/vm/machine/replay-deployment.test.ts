import { rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { copyImage } from '../../../scripts/vm/disk/copy-image.mjs';
import { drawCrashPoints } from '../../../scripts/vm/disk/crash-points.mjs';
import { judgeCrashImages, type Verdict } from '../../../scripts/vm/disk/judge-crash-images.mjs';
import { withMountedPartition } from '../../../scripts/vm/disk/mounted-partition.mjs';
import { seededRandom } from '../../../scripts/vm/disk/seeded-random.mjs';
import { readWriteLog } from '../../../scripts/vm/disk/write-log.mjs';
import { VOLUME } from '../../../scripts/vm/ext4-disk.mjs';
import { tailOf } from '../../../scripts/vm/power-cycle.mjs';
import { tempFolder } from '../../support/temp-folder.ts';
import { bootStoreOf, marksOf, openVmKit, powerOnCuttable, START_MS, type VmKit } from '../../support/vm.ts';
import { installed, judgeCompleted, judgeMoment } from '../../support/vm-judge.ts';

const folder = tempFolder('vm-replay');
const at = (...names: readonly string[]): string => path.join(folder, ...names);
const where = { partition: VOLUME.number, type: 'ext4' } as const;

/** Moments of each start: Windows PE, then Windows. */
const POINTS = [130, 80];

interface Start {
  readonly log: string;
  /** The disk as it was at power-on. */
  readonly base: string;
}

/** One deployment without a fault, every write, flush and mark of it in logs, a log a start. */
async function deployLogged(kit: VmKit, image: string): Promise<readonly Start[]> {
  const starts: Start[] = [];
  for (let number = 0; number < 4; number++) {
    const [log, base] = [at(`start-${number}.log`), number === 0 ? kit.base : at(`start-${number}.img`)];
    if (number > 0) await copyImage(image, base);
    const { machine, disk } = await powerOnCuttable(
      kit,
      number === 0 ? { image, base, log } : { image, log },
    );
    starts.push({ log, base });
    // What the machine has told stands in the log behind what it had flushed by then.
    machine.onLine(({ text }) => {
      const mark = /^@@ \S+ (.*)$/.exec(text)?.[1];
      if (mark !== undefined) disk.mark(mark);
    });
    const late = setTimeout(() => void machine.kill(), START_MS);
    await machine.ended;
    clearTimeout(late);
    await disk.close();
    const left = marksOf(machine.lines).at(-1);
    if (left === 'shutdown') return starts;
    if (left !== 'restart') throw new Error(`the machine ended by itself\n${tailOf(machine.lines)}`);
  }
  throw new Error('the machine restarts for ever');
}

test('at 210 moments of a deployment a power cut leaves journal, cache, Windows and boot store sound', async () => {
  await using kit = await openVmKit(folder, 'ext4');
  const image = at('run.img');
  const starts = await deployLogged(kit, image);
  expect(starts).toHaveLength(2);
  const store = await bootStoreOf(image);
  expect(
    await withMountedPartition(image, where, root => judgeCompleted(root, store, kit.reference)),
  ).toEqual([]);
  expect(await withMountedPartition(image, where, installed)).toEqual(['VMS00030', 'VMS00031', 'VMS00040']);
  rmSync(image);

  const verdicts: Verdict[] = [];
  for (const [number, { log, base }] of starts.entries()) {
    const run = readWriteLog(log);
    const points = drawCrashPoints(run, { count: POINTS[number]!, random: seededRandom(number + 1) });
    verdicts.push(
      ...(await judgeCrashImages(
        { log: run, base, points, seed: 7, folder: at('images'), ...where },
        async (root, { file, marksBefore }) =>
          judgeMoment(root, { marks: marksBefore, store: await bootStoreOf(file) }, kit.reference),
      )),
    );
  }
  const lost = verdicts.filter(({ unflushed, kept }) => kept < unflushed).length;
  const torn = verdicts.filter(verdict => verdict.torn > 0).length;
  console.log(`${verdicts.length} moments: at ${lost} of them writes were lost, at ${torn} torn`);
  expect(verdicts.filter(({ wrong }) => wrong.length > 0)).toEqual([]);
  expect(verdicts.length).toBeGreaterThanOrEqual(200);
  // It was not for want of danger.
  expect(lost).toBeGreaterThan(40);
  expect(torn).toBeGreaterThan(10);
}, 1_800_000);
