// A computer that runs Windows, as far as Wine reaches: the disk as a depot delivers it, a Windows PE with the agent on X:, and after the
// restart a Windows whose drive C: is the volume that the agent has applied.
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type CacheLayout, cacheLayout } from '../../agent/content/layout.ts';
import { readJournal } from '../../agent/journal/journal.ts';
import type { JournalRecord } from '../../agent/journal/record.ts';
import type { SmallSite } from './small-site.ts';
import { readTree } from './wim-kit.ts';
import { bootWindows, bootWindowsPe, callsIn, type Firmware, namesOfWine } from './windows-systems.ts';
import { layWimgapi, PRESTAGE_EXE, type WineResult, type WineSession } from './wine.ts';

export interface WindowsComputer extends AsyncDisposable {
  /** The Windows volume. */
  readonly volume: string;
  readonly layout: CacheLayout;
  /** `deploy` in Windows PE. */
  readonly deploy: AgentProgram;
  /** `continue` in the Windows that was deployed; the first call is the restart. */
  readonly goOn: AgentProgram;
  /** Any program in that Windows, which is booted by the first call, too. */
  inWindows(program: string, ...options: readonly string[]): Promise<WineResult>;
  /** Ends that Windows in order, so that its registry is on the disk; the next call starts it again. */
  shutWindowsDown(): Promise<void>;
  /** Pulls the plug of that Windows, whatever runs in it at the moment. */
  pullPlug(): Promise<void>;
  journal(): Promise<readonly JournalRecord[]>;
  /** The journal's file as it stands; '' when there is none. */
  journalText(): string;
  /** What the tools of both systems were asked for: `bcdboot W:\Windows ...`. */
  calls(): readonly string[];
  /** The volume's files with their digests, less those that Wine needs to run on it. */
  files(): Promise<Readonly<Record<string, string>>>;
}

export interface AgentProgram {
  (...options: readonly string[]): Promise<WineResult>;
  /** Pulls the plug as soon as `seen` answers true: SIGKILL to the agent and all of its system. @throws when the agent ends before. */
  kill(seen: () => boolean): Promise<void>;
  /** The same, but an agent that ends before has its result returned. */
  killUnlessEnded(seen: () => boolean): Promise<WineResult | undefined>;
}

export interface ComputerParts {
  /** Letter -> folder that both systems see, a share for example. */
  readonly drives?: Readonly<Record<string, string>>;
  /** What tells this computer from the host. */
  readonly firmware?: Firmware;
  /** How long a tool of Windows takes; 300 unless given. */
  readonly toolMs?: number;
}

/** @param lay lays the disk into the folder that it is given. */
export async function openWindowsComputer(
  folder: string,
  site: Pick<SmallSite, 'config'>,
  lay: (disk: string) => Promise<void>,
  { drives = {}, ...parts }: ComputerParts = {},
): Promise<WindowsComputer> {
  const at = (...names: readonly string[]): string => path.join(folder, ...names);
  const [disk, ramDisk, records] = [at('disk'), at('ram-disk'), at('records')];
  const volume = path.join(disk, 'volumes/windows');
  await mkdir(records, { recursive: true });
  await lay(disk);
  // The small site's boot image is no real one: Windows PE is laid by hand, with the agent and its pinned keys as they stand in it.
  await mkdir(path.join(ramDisk, 'Prestage'), { recursive: true });
  await copyFile(PRESTAGE_EXE, path.join(ramDisk, 'Prestage/prestage.exe'));
  await copyFile(site.config, path.join(ramDisk, 'Prestage/agent.yaml'));
  layWimgapi(path.join(ramDisk, 'Prestage'));

  const layout = cacheLayout(volume);
  const esp = path.join(disk, 'volumes/esp');
  const winpe = once(() =>
    bootWindowsPe({
      prefix: at('winpe'),
      drives: { ...drives, x: ramDisk, w: volume, s: esp, r: records },
      ...parts,
    }),
  );
  const windows = once(async () => {
    await (await winpe.opened())?.killAll();
    return await bootWindows({
      prefix: at('windows'),
      drives: { ...drives, c: volume, r: records },
      ...parts,
    });
  });
  return {
    volume,
    layout,
    deploy: agentProgram(winpe.open, 'X:\\Prestage\\prestage.exe', 'deploy', session => session.killAll()),
    goOn: agentProgram(
      windows.open,
      'C:\\_SMSTaskSequence\\Prestage\\agent\\prestage.exe',
      'continue',
      killWithRegistry,
    ),
    inWindows: async (program, ...options) => (await windows.open()).run(program, options),
    shutWindowsDown: async () => (await windows.open()).shutDown(),
    pullPlug: async () => killWithRegistry(await windows.open()),
    journal: () => readJournal(layout.journal),
    journalText: () => (existsSync(layout.journal) ? readFileSync(layout.journal, 'latin1') : ''),
    calls: () => ['winpe', 'windows'].flatMap(system => callsIn(path.join(records, `${system}.ndjson`))),
    async files() {
      const ofWine = await namesOfWine();
      return await readTree(volume, name => !ofWine.has(name.toLowerCase()));
    },
    async [Symbol.asyncDispose]() {
      for (const system of [winpe, windows]) await (await system.opened())?.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Wine's server keeps the registry to itself until it ends, also when the agent has it flushed: it writes down what Windows would have by then. */
async function killWithRegistry(session: WineSession): Promise<void> {
  await session.killPrograms();
  await session.shutDown();
}

function agentProgram(
  boot: () => Promise<WineSession>,
  program: string,
  command: string,
  end: (session: WineSession) => Promise<void>,
): AgentProgram {
  const run = async (...options: readonly string[]): Promise<WineResult> =>
    (await boot()).run(program, [command, ...options]);
  const killUnlessEnded = async (seen: () => boolean): Promise<WineResult | undefined> => {
    const session = await boot();
    const { ended } = await session.start(program, [command]);
    let result: WineResult | undefined;
    const ending = ended.then(found => {
      result = found;
    });
    while (!seen()) {
      if (result !== undefined) return result;
      await Promise.race([ending, pause(3)]);
    }
    await end(session);
    await ending;
    return undefined;
  };
  const kill = async (seen: () => boolean): Promise<void> => {
    const result = await killUnlessEnded(seen);
    if (result === undefined) return;
    throw new Error(
      `${command} ended with ${result.code} before it was killed\n${result.stdout}\n${result.stderr}`,
    );
  };
  return Object.assign(run, { kill, killUnlessEnded });
}

/** A system that boots when it is first needed. */
function once(boot: () => Promise<WineSession>) {
  let session: Promise<WineSession> | undefined;
  return {
    opened: async () => await session,
    open(): Promise<WineSession> {
      session ??= boot();
      return session;
    },
  };
}
