// A computer that runs Windows, as far as Wine reaches: the disk as a depot delivers it, a Windows PE with the agent on X:, and after the
// restart a Windows whose drive C: is the volume that the agent has applied. Tools that Wine lacks are stand-ins that write down their calls.
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, cp, link, mkdir, readdir, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type CacheLayout, cacheLayout } from '../../agent/content/layout.ts';
import { readJournal } from '../../agent/journal/journal.ts';
import type { JournalRecord } from '../../agent/journal/record.ts';
import { WINE_TEMPLATE } from '../../scripts/setup/place.mjs';
import { openWine } from '../../scripts/wine/session.mjs';
import type { SmallSite } from './small-site.ts';
import { readTree } from './wim-kit.ts';
import { STAND_INS } from './windows-side.ts';
import { layStandIns, layWimgapi, PRESTAGE_EXE, type WineResult, type WineSession } from './wine.ts';

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
}

const MEDIA_ENTRY =
  '\\nWindows Boot Loader\\n-------------------\\nidentifier  {7619dcc9-fafe-11d9-b411-000476eba25f}\\nosdevice  ramdisk=[boot]\\sources\\boot.wim,{7619dcc8-fafe-11d9-b411-000476eba25f}\\n';
const windowsEntry = (drive: string): string =>
  `\\nWindows Boot Loader\\n-------------------\\nidentifier  {11111111-2222-3333-4444-555555555555}\\nosdevice  partition=${drive}\\nsystemroot  \\Windows\\n`;

/** @param lay lays the disk into the folder that it is given. */
export async function openWindowsComputer(
  folder: string,
  site: SmallSite,
  lay: (disk: string) => Promise<void>,
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
  const winpe = once(() => bootWindowsPe(at('winpe'), { x: ramDisk, w: volume, s: esp, r: records }));
  const windows = once(async () => {
    await (await winpe.opened())?.killAll();
    return await bootWindows(at('windows'), { c: volume, r: records });
  });
  return {
    volume,
    layout,
    deploy: agentProgram(winpe.open, 'X:\\Prestage\\prestage.exe', 'deploy'),
    goOn: agentProgram(windows.open, 'C:\\_SMSTaskSequence\\Prestage\\agent\\prestage.exe', 'continue'),
    inWindows: async (program, ...options) => (await windows.open()).run(program, options),
    shutWindowsDown: async () => (await windows.open()).shutDown(),
    journal: () => readJournal(layout.journal),
    journalText: () => (existsSync(layout.journal) ? readFileSync(layout.journal, 'latin1') : ''),
    calls: () => ['winpe', 'windows'].flatMap(system => callsIn(path.join(records, `${system}.ndjson`))),
    async files() {
      const template = await namesBelow(path.join(WINE_TEMPLATE, 'drive_c'));
      const ofWine = new Set(template.map(name => name.toLowerCase()));
      for (const tool of STAND_INS) ofWine.add(`windows/system32/${tool}.exe`);
      return await readTree(volume, name => !ofWine.has(name.toLowerCase()));
    },
    async [Symbol.asyncDispose]() {
      for (const system of [winpe, windows]) await (await system.opened())?.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function agentProgram(boot: () => Promise<WineSession>, program: string, command: string): AgentProgram {
  const run = async (...options: readonly string[]): Promise<WineResult> =>
    (await boot()).run(program, [command, ...options]);
  const kill = async (seen: () => boolean): Promise<void> => {
    const session = await boot();
    const { ended } = await session.start(program, [command]);
    let result: WineResult | undefined;
    const ending = ended.then(found => {
      result = found;
    });
    while (!seen()) {
      if (result !== undefined)
        throw new Error(
          `${command} ended with ${result.code} before it was killed\n${result.stdout}\n${result.stderr}`,
        );
      await Promise.race([ending, pause(3)]);
    }
    await session.killAll();
    await ending;
  };
  return Object.assign(run, { kill });
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

async function bootWindowsPe(prefix: string, drives: Readonly<Record<string, string>>): Promise<WineSession> {
  const session = openWine({
    prefix,
    drives,
    env: tools('winpe', {
      BCDEDIT: `0;${MEDIA_ENTRY}`,
      BCDEDIT_AFTER_BCDBOOT: `0;${MEDIA_ENTRY}${windowsEntry('W:')}`,
    }),
  });
  layStandIns(path.join(prefix, 'drive_c/windows/system32'), STAND_INS);
  await session.run('reg', ['add', 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\MiniNT', '/f']);
  await session.shutDown(); // so that it is known after a kill, too
  return session;
}

/** The small site's image holds no Windows that could run: what Wine needs is laid into the applied volume, beside or in place of its files. */
async function bootWindows(prefix: string, drives: Readonly<Record<string, string>>): Promise<WineSession> {
  const volume = drives.c;
  if (volume === undefined) throw new Error('Windows needs a drive C:');
  await mkdir(path.join(prefix, 'dosdevices'), { recursive: true });
  for (const name of ['system.reg', 'user.reg', 'userdef.reg', '.update-timestamp'])
    await cp(path.join(WINE_TEMPLATE, name), path.join(prefix, name), { preserveTimestamps: true });
  for (const [letter, target] of Object.entries({ ...drives, z: '/' }))
    await symlink(target, path.join(prefix, 'dosdevices', `${letter}:`));
  await layOver(path.join(WINE_TEMPLATE, 'drive_c'), volume);
  layStandIns(path.join(volume, 'Windows/System32'), STAND_INS);
  return openWine({
    prefix,
    env: tools('windows', { BCDEDIT: `0;${MEDIA_ENTRY}${windowsEntry('C:')}` }),
  });
}

/** Hard links where possible; names that differ in case only are one name. */
async function layOver(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const there = new Map((await readdir(to)).map(name => [name.toLowerCase(), name]));
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = path.join(from, entry.name);
    const target = path.join(to, there.get(entry.name.toLowerCase()) ?? entry.name);
    if (entry.isDirectory()) {
      await layOver(source, target);
      continue;
    }
    await rm(target, { force: true });
    await link(source, target).catch(() => cp(source, target, { verbatimSymlinks: true }));
  }
}

/** Of some tools Wine has a stub of its own, which would win over the stand-in. */
function tools(system: string, answers: Readonly<Record<string, string>>): Record<string, string> {
  const named = Object.entries(answers).map(([tool, answer]) => [`PRESTAGE_RECORD_${tool}`, answer]);
  return {
    WINEDLLOVERRIDES: `mscoree,mshtml=;${STAND_INS.map(tool => `${tool}.exe`).join(',')}=n`,
    // As slow as a real tool: there is time to kill who waits for it.
    PRESTAGE_RECORD_PAUSE_MS: '300',
    PRESTAGE_RECORD: `R:\\${system}.ndjson`,
    ...Object.fromEntries(named),
  };
}

function callsIn(file: string): readonly string[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map(line => JSON.parse(line)).map(({ tool, args }) => `${tool} ${args.join(' ')}`);
}

async function namesBelow(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries.map(entry => path.relative(root, path.join(entry.parentPath, entry.name)));
}
