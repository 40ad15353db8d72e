// Process kills at random moments of whole deployments by the Windows executable, bare-metal and replacing a computer: after each kill starts what
// the machine would start, as often as it takes, and the end is that of an uncut run. PRESTAGE_SOAK_SEED names the moments, as far as one machine
// takes as long as another: each deployment has the next seed. PRESTAGE_SOAK_KILLS says how many kills there are for each of the two.
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
/** An installer that goes down with the machine once more is not started again by itself (PKG-06). */
const CUTS_OF_ONE_ACTION = 2;
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
    durations = (await playOut(computer, { draw: () => undefined, story: [] })).took;
    goal = await endOf(computer, scene);
  });

  test(`${KILLS} kills, seeds from ${SEED} on`, async () => {
    for (let kills = 0, seed = SEED; kills < KILLS; seed += 1) {
      const story: string[] = [];
      try {
        await using computer = await scene.newComputer(`seed-${seed}`);
        const played = await playOut(computer, { draw: drawMoments(seeded(seed), durations), story });
        kills += played.kills;
        expect(await endOf(computer, scene)).toEqual(goal);
        expect(JSON.parse(keptReportText(computer.volume))).toMatchObject({
          outcome: 'completed',
          faults: [],
        });
      } catch (cause) {
        const message = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`seed ${seed}: ${story.join('; ')}: ${message}`, { cause });
      }
      process.stdout.write(`${name}, seed ${seed}, ${kills} of ${KILLS}: ${story.join('; ')}\n`);
    }
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

interface Played {
  readonly took: Durations;
  readonly kills: number;
}

/** One start in three is left alone, so that later moments have their turn, too. */
function drawMoments(random: Seeded, durations: Durations): Draw {
  let left = 1 + random.int(KILLS_AT_MOST);
  return command => {
    if (left === 0 || random.int(3) === 0) return undefined;
    left -= 1;
    return random.int(durations[command]);
  };
}

/** Starts what the machine would start until all is done. @returns how long starts took that were not cut, and how many were. */
async function playOut(computer: WindowsComputer, { draw, story }: Play): Promise<Played> {
  const took = { deploy: 0, goOn: 0 };
  const cuts: string[] = [];
  let kills = 0;
  for (let starts = 0; starts < STARTS_AT_MOST; starts++) {
    const command = isHandedOver(computer) ? 'goOn' : 'deploy';
    if (command === 'goOn' && starts > 0 && !hasAgent(computer)) return { took, kills };
    const moment = draw(command);
    const began = performance.now();
    let first: number | undefined;
    const result = await computer[command].killUnlessEnded(() => {
      first ??= performance.now();
      if (moment === undefined || performance.now() - first < moment) return false;
      const action = lastStarted(computer);
      return cuts.filter(cut => cut === action).length < CUTS_OF_ONE_ACTION;
    });
    if (result === undefined) {
      kills += 1;
      cuts.push(lastStarted(computer));
      story.push(`${command} cut after ${moment} ms in ${underWay(await computer.journal())}`);
      continue;
    }
    took[command] = Math.max(took[command], Math.round(performance.now() - began));
    story.push(`${command} ended with ${result.code}`);
    expect([0, 3], result.stderr).toContain(result.code);
    if (command === 'deploy') continue;
    if (result.code === 3) await computer.shutWindowsDown();
    else if (await isCutAfterEnd(computer, draw, story)) kills += 1;
    else return { took, kills };
  }
  throw new Error(`not done after ${STARTS_AT_MOST} starts`);
}

/** What removes the cache goes on behind the agent's end. */
async function isCutAfterEnd(computer: WindowsComputer, draw: Draw, story: string[]): Promise<boolean> {
  const moment = draw('goOn');
  if (moment === undefined) return false;
  const laterMs = moment % 1500;
  await pause(laterMs);
  if (!existsSync(computer.layout.root)) return false;
  await computer.pullPlug();
  story.push(`cut ${laterMs} ms after that`);
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

/** Key of the action that the journal began last. */
function lastStarted(computer: WindowsComputer): string {
  return (
    [...computer.journalText().matchAll(/"type":"action-started","action":"([^"]+)"/g)].at(-1)?.[1] ?? ''
  );
}

function underWay(records: Parameters<typeof recall>[0]): string {
  return [...recall(records).open].join(', ') || `no action, ${records.length} records`;
}

async function endOf(computer: WindowsComputer, scene: Scene): Promise<unknown> {
  return { ...(await finalState(computer)), left: await scene.left(computer) };
}
