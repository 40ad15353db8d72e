// Deployments that are cut again and again: the plug is pulled at random moments, the disk loses what was not flushed, the machine starts again from
// what is left. After each cut the disk is judged where it lies, and at the end whether everything came about.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { withMountedPartition } from '../../../scripts/vm/disk/mounted-partition.mjs';
import { seededRandom } from '../../../scripts/vm/disk/seeded-random.mjs';
import { VOLUME } from '../../../scripts/vm/ext4-disk.mjs';
import { tailOf } from '../../../scripts/vm/power-cycle.mjs';
import {
  bootStoreOf,
  type CuttableMachine,
  marksOf,
  openVmKit,
  powerOnCuttable,
  START_MS,
  type VmKit,
} from '../../support/vm.ts';
import { judgeCompleted, judgeMoment, recordsOn } from '../../support/vm-judge.ts';

export interface CutRun {
  /** One line a cut: when it came, what was lost, what was found. */
  readonly cuts: readonly string[];
  /** What was wrong, with the story of the machine; empty where nothing was. */
  readonly wrong: readonly string[];
  readonly completed: number;
}

export interface CutPlan {
  readonly folder: string;
  readonly seed: number;
  /** So many in all, spread over deployments of at most `cutsEach`. */
  readonly cuts: number;
  readonly cutsEach: number;
  readonly policy: 'none' | 'mixed';
}

/**
 * What a start that is not cut does, roughly, from power-on on: writes, and seconds after its system has begun. A moment is drawn by the one, or by the
 * other for the times in which nothing is written.
 */
const A_START = { winpeshl: { writes: 310, seconds: 45 }, windows: { writes: 200, seconds: 35 } } as const;

export async function cutDeployments(plan: CutPlan): Promise<CutRun> {
  await using kit = await openVmKit(plan.folder, 'ext4');
  const random = seededRandom(plan.seed);
  const cuts: string[] = [];
  const wrong: string[] = [];
  let begun = 0;
  while (cuts.length < plan.cuts && wrong.length === 0) {
    const image = path.join(plan.folder, `disk-${begun++}.img`);
    const most = Math.min(plan.cutsEach, plan.cuts - cuts.length);
    const found = await deployWithCuts(kit, image, { ...plan, most, random });
    cuts.push(...found.cuts);
    wrong.push(...found.wrong);
    rmSync(image, { force: true });
  }
  return { cuts, wrong, completed: wrong.length === 0 ? begun : begun - 1 };
}

async function deployWithCuts(
  kit: VmKit,
  image: string,
  {
    most,
    policy,
    random,
  }: { readonly most: number; readonly policy: 'none' | 'mixed'; readonly random: () => number },
): Promise<{
  readonly cuts: readonly string[];
  readonly wrong: readonly string[];
}> {
  const cuts: string[] = [];
  const earlier = new Map<string, number>();
  let flushed = 0;
  for (let start = 0; start < 3 * most + 8; start++) {
    const running = await powerOnCuttable(kit, start === 0 ? { image, base: kit.base } : { image });
    const { lines } = running.machine;
    const late = setTimeout(() => void running.machine.kill(), START_MS);
    let isCut = false;
    try {
      isCut = cuts.length < most && (await cutAtRandom(running, { policy, random, cuts, earlier }));
      if (!isCut) {
        await running.machine.ended;
        await running.disk.close();
      }
    } finally {
      clearTimeout(late);
      if (!running.machine.isOver) await running.machine.kill();
    }
    const story = `start ${start + 1}, ${cuts.at(-1) ?? 'never cut'}\n${tailOf(lines)}`;
    const store = await bootStoreOf(image);
    const marks = marksOf(lines);
    const isOff = !isCut && marks.at(-1) === 'shutdown';
    const found = await judge(image, async root => ({
      wrong: isOff
        ? await judgeCompleted(root, store, kit.reference)
        : await judgeMoment(root, { marks, store }, kit.reference),
      records: await recordsOn(root),
    }));
    const wrong = [...found.wrong];
    if (found.records < flushed) wrong.push(`the journal had ${flushed} records and has ${found.records}`);
    flushed = found.records;
    if (wrong.length > 0) return { cuts, wrong: [...wrong, story] };
    if (isOff) return { cuts, wrong: [] };
    if (!isCut && marks.at(-1) !== 'restart')
      return { cuts, wrong: [`the machine ended by itself: ${story}`] };
  }
  return { cuts, wrong: ['the deployment does not come to an end'] };
}

const judge = <T>(image: string, look: (root: string) => Promise<T>): Promise<T> =>
  withMountedPartition(image, { partition: VOLUME.number, type: 'ext4' }, look);

interface Cutting {
  readonly policy: 'none' | 'mixed';
  readonly random: () => number;
  /** One line a cut. */
  readonly cuts: string[];
  /** How often each of the two systems was cut so far in this deployment. */
  readonly earlier: Map<string, number>;
}

/** @returns false when the machine has ended by itself before. */
async function cutAtRandom(
  running: CuttableMachine,
  { policy, random, cuts, earlier }: Cutting,
): Promise<boolean> {
  const { machine, disk } = running;
  const byWrites = random() < 0.6;
  const draw = random();
  const began = await machine.line(/^@@ \S+ (winpeshl|windows)$/, START_MS);
  const system = began.text.endsWith('windows') ? 'windows' : 'winpeshl';
  const before = earlier.get(system) ?? 0;
  // A start after a cut has less left to do: drawn as for the first one, most moments would lie behind its end.
  const share = draw ** (1 + before);
  const usual = A_START[system];
  const goal = Math.ceil(share * (byWrites ? usual.writes : usual.seconds * 1000));
  const isTime = (): boolean =>
    byWrites ? disk.counts().writes >= goal : machine.seconds() - began.seconds >= goal / 1000;
  while (!isTime()) {
    if (machine.isOver) return false;
    await Promise.race([pause(4), machine.ended]);
    if (machine.seconds() > START_MS / 1000)
      throw new Error(`the machine does not get on\n${tailOf(machine.lines)}`);
  }
  if (machine.isOver) return false;
  const { unflushed, writes } = disk.counts();
  await running.cut(policy, random);
  const at = `${byWrites ? `write ${writes}` : `${(goal / 1000).toFixed(1)} s`}, ${unflushed} unflushed`;
  earlier.set(system, before + 1);
  cuts.push(`cut ${cuts.length + 1} at ${at}, after: ${marksOf(machine.lines).at(-1)}`);
  return true;
}
