// The promise of the journal: cut the power at every single durable write of a whole deployment, lose what was not flushed, start again,
// and end where the uncut run ends, with nothing destroyed blindly and no flushed byte fetched twice.
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { continueDeployment } from '../../agent/commands/continue.ts';
import { deploy } from '../../agent/commands/deploy.ts';
import type { DurableFiles } from '../../agent/durable/durable-files.ts';
import { Fault } from '../../agent/fault/fault.ts';
import type { Report } from '../../agent/report/report.ts';
import { type Loss, openLossyFiles, PowerCut } from './lossy-files.ts';
import { makeReplaceSite, REPLACED, type ReplaceSite } from './replace-site.ts';
import {
  MEDIA_PASSWORD,
  makeSmallSite,
  moveWorldOn,
  type SmallSite,
  testComposition,
  wearDisk,
} from './small-site.ts';
import { tempFolder } from './temp-folder.ts';
import { readTree } from './wim-kit.ts';

/** A deployment to cut: how its site is made, and what must be as it was before each run besides the disk. */
export interface Scenario {
  readonly name: string;
  make(folder: string): Promise<SmallSite>;
  /** Puts back what a run changes outside of its disk. */
  renew?(site: SmallSite): Promise<void>;
  /** What a run leaves outside of its disk, to be the same each time. */
  left?(site: SmallSite): Promise<unknown>;
  /** What its commands find in their environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A computer without anything before. */
export const BARE_METAL: Scenario = { name: 'bare-metal', make: folder => makeSmallSite(folder) };

/** A computer that takes over another one's user state, by steps of its own. */
export const REPLACE: Scenario = {
  name: 'replace',
  make: folder => makeReplaceSite(folder),
  renew: site => (site as ReplaceSite).restoreStore(),
  async left(site) {
    const names = Object.keys(await readTree((site as ReplaceSite).store));
    expect(names).toContain(`${REPLACED}/closed.json`);
    return names;
  },
};

/** Media with a password: Windows PE is given it at each start, the new Windows has the key that was left for it, and nobody has it in the end. */
export const PASSWORD: Scenario = {
  name: 'password',
  environment: { PRESTAGE_MEDIA_PASSWORD: MEDIA_PASSWORD },
  make: folder =>
    makeSmallSite(folder, {
      differences: {
        'task-sequences/CON00020.yaml': {
          name: 'Install Windows',
          osImage: { id: 'CON00001', index: 1 },
          drivers: ['CON00004'],
          packages: ['CON00006'],
          applications: ['CON00002'],
          steps: [
            { step: 'apply-os-image' },
            { step: 'apply-drivers' },
            { step: 'apply-unattend' },
            { step: 'set-up-boot' },
            { step: 'install-packages' },
            { step: 'run-command', command: 'in-the-new-windows.exe %Token%' },
            { step: 'install-applications' },
          ],
        },
        'media/depot.yaml': {
          taskSequence: 'CON00020',
          bootImage: 'CON00005',
          createdBy: 'A. Admin',
          password: true,
          variables: { OSDLocalAdminPassword: 'geheim-Adm1n', Token: 'geheim-4711' },
          secret: ['Token'],
        },
      },
    }),
};

/** Two tests: the uncut run, which sets the goal, and the cut at each of its durable writes with what was not flushed lost in this way. */
export function cutAtEveryDurableWrite(loss: Loss, scenario: Scenario): void {
  const folder = tempFolder(`power-cuts-${scenario.name}-${loss}`);
  let site: SmallSite;
  let uncut: Uncut;
  beforeAll(async () => {
    site = await scenario.make(folder);
    await moveWorldOn(site);
    await site.layDisk(path.join(folder, 'worn'));
    await wearDisk(path.join(folder, 'worn'));
  });
  afterAll(() => site?.close());

  test('the uncut run completes, and its durable writes are counted', async () => {
    const disk = path.join(folder, 'uncut');
    await cp(path.join(folder, 'worn'), disk, { recursive: true });
    await scenario.renew?.(site);
    const lossy = openLossyFiles({ graveyard: path.join(folder, 'graveyard') });
    const report = await wholeRun(site, scenario, disk, lossy.files);
    await lossy.loseUnflushed('dropped');
    expect(report.outcome).toBe('completed');
    expect(lossy.points.length).toBeGreaterThan(100);
    uncut = { tree: await result(disk), left: await scenario.left?.(site), points: lossy.points };
  });

  test(`cut at every durable write, with the unflushed ${loss}`, { timeout: 1_200_000 }, async () => {
    for (let cutAt = 1; cutAt <= uncut.points.length; cutAt += 1) {
      try {
        await cutAndGoOn({ site, scenario, uncut, cutAt, loss });
      } catch (cause) {
        throw new Error(
          `cut before durable write ${cutAt} of ${uncut.points.length} (${uncut.points[cutAt - 1]}), unflushed ${loss}: ${describe(cause)}`,
          { cause },
        );
      }
    }
  });
}

/** What a run without any cut leaves, and its durable writes in words. */
interface Uncut {
  readonly tree: Readonly<Record<string, string>>;
  /** Outside of the disk. */
  readonly left: unknown;
  readonly points: readonly string[];
}

interface Cut {
  readonly site: SmallSite;
  readonly scenario: Scenario;
  readonly uncut: Uncut;
  readonly cutAt: number;
  readonly loss: Loss;
}

/** Deploy, then continue until done, as a machine that starts again after each cut does. */
async function wholeRun(
  site: SmallSite,
  { environment = {} }: Scenario,
  disk: string,
  durable: DurableFiles,
): Promise<Report> {
  const composition = { ...testComposition(site, { durable }), environment };
  const options = { disk, config: site.config, json: true } as const;
  if (!(await isHandedOver(disk))) expect(await deploy(options, composition)).toBe(3);
  let starts = 0;
  // A sequence may restart on its way.
  while ((await continueDeployment(options, composition)) === 3) expect(starts++).toBeLessThan(5);
  return JSON.parse(composition.printed.at(-1) ?? '');
}

/** What the firmware would start: the boot store's default, nothing else, decides between WinPE and the new Windows. */
async function isHandedOver(disk: string): Promise<boolean> {
  const text = await readFile(path.join(disk, 'boot-store.json'), 'utf8').catch(() => '');
  return /"default":\s*"(?!media)/.test(text);
}

/** The final tree without what tells of the runs themselves (records of each run, and when). */
async function result(disk: string): Promise<Readonly<Record<string, string>>> {
  const tree = await readTree(disk);
  expect(Object.keys(tree).filter(name => name.endsWith('media.key'))).toEqual([]);
  return Object.fromEntries(
    Object.entries(tree).filter(
      ([name]) => !name.includes('Windows/Logs/Prestage/') && name !== 'commands.ndjson',
    ),
  );
}

function isPowerCut(thrown: unknown): boolean {
  for (let cause: unknown = thrown; cause instanceof Error; cause = cause.cause)
    if (cause instanceof PowerCut) return true;
  return false;
}

function contentRequests(requests: readonly string[]): string[] {
  return requests.filter(request => request.includes('/files/'));
}

/** `GET /content/ID/version/files/a/b.txt bytes=0-9 206` -> `b.txt` */
function nameOf(request: string): string {
  return path.basename(decodeURIComponent(/^GET (\S+)/.exec(request)?.[1] ?? ''));
}

/** Every write that the uncut run makes to the file was made and flushed, and, where it was made or renamed in this run, its folder after that. */
function becameDurable(name: string, points: readonly string[], uncutPoints: readonly string[]): boolean {
  const isOf = (point: string, verb: string): boolean => point.startsWith(verb) && point.includes(` ${name}`);
  const written = points.findLastIndex(point => isOf(point, 'write'));
  const flushed = points.findIndex((point, at) => at > written && isOf(point, 'flush'));
  const writes = (all: readonly string[]): number => all.filter(point => isOf(point, 'write')).length;
  if (writes(points) < writes(uncutPoints) || flushed < 0) return false;
  const isNew = points.some(point => isOf(point, 'make'));
  return !isNew || points.some((point, at) => at > flushed && point.startsWith('flush folder'));
}

/** By which two runs without a cut may differ. */
const STEPS_MORE_OR_FEWER = 8;

async function cutAndGoOn({ site, scenario, uncut, cutAt, loss }: Cut): Promise<void> {
  const ground = path.join(site.folder, `play-${cutAt}`);
  const disk = path.join(ground, 'disk');
  await mkdir(ground);
  await cp(path.join(site.folder, 'worn'), disk, { recursive: true });
  await scenario.renew?.(site);
  const lossy = openLossyFiles({ graveyard: path.join(ground, 'graveyard'), cutAt });
  site.requests.length = 0;
  const run = await wholeRun(site, scenario, disk, lossy.files).then(
    () => 'without a cut' as const,
    (thrown: unknown) => thrown,
  );
  if (run === 'without a cut') {
    // What comes from several connections at once is written in more steps or fewer: the last ones of the uncut run need not come about.
    expect(lossy.points.length).toBeLessThan(cutAt);
    expect(cutAt).toBeGreaterThan(uncut.points.length - STEPS_MORE_OR_FEWER);
    return await rm(ground, { recursive: true });
  }
  expect(run).toSatisfy(isPowerCut);
  await lossy.loseUnflushed(loss, cutAt);
  // The second run is uncut; over the same equipment only because that spares the real flushes, which cost most of the time.
  const whole = openLossyFiles({ graveyard: path.join(ground, 'graveyard-2') });
  const report = await wholeRun(site, scenario, disk, whole.files);
  await whole.loseUnflushed('dropped');
  expect(await result(disk)).toEqual(uncut.tree);
  expect(await scenario.left?.(site)).toEqual(uncut.left);
  expect(report.outcome).toBe('completed');
  // What had become durable is never asked for again; what was under way or not yet flushed when the power went may be.
  const asked = contentRequests(site.requests).map(nameOf);
  const again = asked.filter((name, at) => asked.indexOf(name) !== at);
  expect(again.filter(name => becameDurable(name, lossy.points, uncut.points))).toEqual([]);
  await rm(ground, { recursive: true });
}

function describe(thrown: unknown): string {
  if (thrown instanceof Fault)
    return `${thrown.message} ${JSON.stringify(thrown.detail)} ${String(thrown.cause ?? '')}`;
  return thrown instanceof Error ? thrown.message : String(thrown);
}
