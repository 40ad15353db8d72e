// Process kills at random moments of whole deployments by the Windows executable, bare-metal and replacing a computer: after each kill starts what
// the machine would start, as often as it takes, and the end is that of an uncut run. PRESTAGE_SOAK_SEED names the moments, as far as one machine
// takes as long as another; PRESTAGE_SOAK_KILLS says how many there are for each of the two.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recall } from '../../agent/journal/past.ts';
import { REPLACED } from '../support/replace-site.ts';
import { type Seeded, seeded } from '../support/seeded.ts';
import { noise } from '../support/site-kit.ts';
import { makeSmallSite, moveWorldOn, wearDisk } from '../support/small-site.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { openWindowsComputer, type WindowsComputer } from '../support/windows-computer.ts';
import { finalState, keptReportText } from '../support/windows-kills.ts';
import { makeWindowsReplace } from '../support/windows-replace.ts';
import { EDITOR_ITEM, windowsSite } from '../support/windows-site.ts';

const SEED = Number(process.env.PRESTAGE_SOAK_SEED ?? '1');
const KILLS = Number(process.env.PRESTAGE_SOAK_KILLS ?? '40');
/** One deployment takes up to so many. */
const KILLS_AT_MOST = 6;
const STARTS_AT_MOST = 20;
/** Quick tools: else most moments would fall into them. */
const TOOL_MS = 30;

interface Scenario {
  readonly name: string;
  /** Makes the site below a folder. */
  make(folder: string): Promise<Scene>;
}

interface Scene {
  newComputer(name: string): Promise<WindowsComputer>;
  /** What a deployment leaves elsewhere than on its disk. */
  left(computer: WindowsComputer): Promise<unknown>;
  close(): Promise<void>;
}

const BARE_METAL: Scenario = {
  name: 'bare-metal',
  async make(folder) {
    const many = Array.from({ length: 240 }, (_, at) => [`Windows/Many/${at}.dll`, noise(100_000, 100 + at)]);
    const site = await makeSmallSite(path.join(folder, 'site'), {
      differences: windowsSite({ tool: 0, runtime: [0, 0], editor: 0 }),
      osFiles: Object.fromEntries(many),
    });
    await moveWorldOn(site, EDITOR_ITEM);
    const lay = async (disk: string): Promise<void> => {
      await site.layDisk(disk);
      await wearDisk(disk);
    };
    return {
      newComputer: name => openWindowsComputer(path.join(folder, name), site, lay, { toolMs: TOOL_MS }),
      left: async () => undefined,
      close: site.close,
    };
  },
};

const REPLACE: Scenario = {
  name: 'replace',
  async make(folder) {
    const replace = await makeWindowsReplace(folder);
    expect(replace.captured, replace.captured.stderr).toMatchObject({ code: 0 });
    const stores = new Map<WindowsComputer, string>();
    return {
      async newComputer(name) {
        const computer = await replace.newComputer(name, { toolMs: TOOL_MS });
        stores.set(computer, computer.store);
        return computer;
      },
      left: computer => readdir(path.join(stores.get(computer) ?? '', REPLACED)),
      close: replace.site.close,
    };
  },
};

describe.each([BARE_METAL, REPLACE])('$name', ({ name, make }) => {
  const folder = tempFolder(`soak-kills-${name}`);
  let scene: Scene;
  let goal: unknown;
  let durations: Durations;
  beforeAll(async () => {
    scene = await make(folder);
  });
  afterAll(() => scene?.close());

  test('uncut', async () => {
    await using computer = await scene.newComputer('uncut');
    durations = await playOut(computer, { draw: () => undefined, story: [] });
    goal = await endOf(computer, scene);
  });

  test.each(drawRounds())('seed $seed, up to $kills kills', async ({ seed, kills }) => {
    await using computer = await scene.newComputer(`seed-${seed}`);
    const story: string[] = [];
    try {
      await playOut(computer, { draw: drawMoments(seeded(seed), kills, durations), story });
      expect(await endOf(computer, scene)).toEqual(goal);
      expect(JSON.parse(keptReportText(computer.volume))).toMatchObject({ outcome: 'completed', faults: [] });
    } catch (cause) {
      throw new Error(`${story.join('; ')}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
    process.stdout.write(`${name}, seed ${seed}: ${story.join('; ')}\n`);
  });
});

/** How long the longest uncut start of each command took, in milliseconds. */
interface Durations {
  readonly deploy: number;
  readonly goOn: number;
}

/** @returns milliseconds after the start of the command at which the plug is pulled; undefined for never. */
type Draw = (command: keyof Durations) => number | undefined;

interface Play {
  readonly draw: Draw;
  /** What has happened, in words. */
  readonly story: string[];
}

/** Seeds of deployments whose kills come to KILLS. */
function drawRounds(): readonly { readonly seed: number; readonly kills: number }[] {
  const rounds: { seed: number; kills: number }[] = [];
  const random = seeded(SEED);
  for (let left = KILLS; left > 0; left -= rounds.at(-1)?.kills ?? left)
    rounds.push({
      seed: SEED * 10_000 + rounds.length,
      kills: Math.min(left, 1 + random.int(KILLS_AT_MOST)),
    });
  return rounds;
}

/** One start in three is left alone, so that later moments have their turn, too. */
function drawMoments(random: Seeded, kills: number, durations: Durations): Draw {
  let left = kills;
  return command => {
    if (left === 0 || random.int(3) === 0) return undefined;
    left -= 1;
    return random.int(durations[command]);
  };
}

/** Starts what the machine would start until all is done. @returns the durations of starts that were not cut. */
async function playOut(computer: WindowsComputer, { draw, story }: Play): Promise<Durations> {
  const took = { deploy: 0, goOn: 0 };
  for (let starts = 0; starts < STARTS_AT_MOST; starts++) {
    const command = isHandedOver(computer) ? 'goOn' : 'deploy';
    if (command === 'goOn' && starts > 0 && !hasAgent(computer)) return took;
    const moment = draw(command);
    const began = performance.now();
    let first: number | undefined;
    const result = await computer[command].killUnlessEnded(() => {
      first ??= performance.now();
      return moment !== undefined && performance.now() - first >= moment;
    });
    if (result === undefined) {
      story.push(`${command} cut after ${moment} ms in ${underWay(await computer.journal())}`);
      continue;
    }
    took[command] = Math.max(took[command], Math.round(performance.now() - began));
    story.push(`${command} ended with ${result.code}`);
    expect([0, 3], result.stderr).toContain(result.code);
    if (command === 'deploy') continue;
    if (result.code === 3) await computer.shutWindowsDown();
    else if (!(await isCutAfterEnd(computer, draw, story))) return took;
  }
  throw new Error(`not done after ${STARTS_AT_MOST} starts`);
}

/** What removes the cache goes on behind the agent's end. */
async function isCutAfterEnd(computer: WindowsComputer, draw: Draw, story: string[]): Promise<boolean> {
  const moment = draw('goOn');
  if (moment === undefined) return false;
  await pause(moment % 1500);
  await computer.pullPlug();
  story.push(`cut ${moment % 1500} ms after that`);
  return true;
}

/** What firmware would start is decided by the boot store alone. */
function isHandedOver(computer: WindowsComputer): boolean {
  return computer.calls().some(call => /^bcdedit .*\/default /.test(call));
}

/** What the start-up task would start. */
function hasAgent(computer: WindowsComputer): boolean {
  return existsSync(path.join(computer.layout.agent, 'prestage.exe'));
}

function underWay(records: Parameters<typeof recall>[0]): string {
  return [...recall(records).open].join(', ') || `no action, ${records.length} records`;
}

async function endOf(computer: WindowsComputer, scene: Scene): Promise<unknown> {
  return { ...(await finalState(computer)), left: await scene.left(computer) };
}
