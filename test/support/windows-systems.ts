// Two systems to boot under Wine: a Windows PE with what stands on X:, and a Windows whose drive C: is a given volume. Tools that Wine lacks are
// stand-ins that write down their calls; with `firmware` the system runs on a computer of its own, else on the host.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { cp, link, mkdir, readdir, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { TEST_TOOLS, WINE_TEMPLATE } from '../../scripts/setup/place.mjs';
import { openWine } from '../../scripts/wine/session.mjs';
import { layTree } from './site-kit.ts';
import { STAND_INS } from './windows-side.ts';
import { layStandIns, type WineSession } from './wine.ts';

/** What the firmware says, by the names of Linux (`product_serial`, `sys_vendor`), and `machine-id`, of which Wine makes the UUID. */
export type Firmware = Readonly<Record<string, string>>;

export interface SystemParts {
  readonly prefix: string;
  /** Letter -> folder; `r` takes the records of the tools. */
  readonly drives: Readonly<Record<string, string>>;
  readonly firmware?: Firmware;
  /** As slow as a real tool is a stand-in unless told otherwise: there is time to kill who waits for it. */
  readonly toolMs?: number;
}

const MEDIA_ENTRY =
  '\\nWindows Boot Loader\\n-------------------\\nidentifier  {7619dcc9-fafe-11d9-b411-000476eba25f}\\nosdevice  ramdisk=[boot]\\sources\\boot.wim,{7619dcc8-fafe-11d9-b411-000476eba25f}\\n';
const windowsEntry = (drive: string): string =>
  `\\nWindows Boot Loader\\n-------------------\\nidentifier  {11111111-2222-3333-4444-555555555555}\\nosdevice  partition=${drive}\\nsystemroot  \\Windows\\n`;

/** Its tools write to R:\winpe.ndjson. */
export async function bootWindowsPe({ prefix, drives, firmware, toolMs }: SystemParts): Promise<WineSession> {
  const session = openWine({
    prefix,
    drives,
    env: {
      ...tools('winpe', {
        BCDEDIT: `0;${MEDIA_ENTRY}`,
        BCDEDIT_AFTER_BCDBOOT: `0;${MEDIA_ENTRY}${windowsEntry('W:')}`,
      }),
      ...(toolMs === undefined ? {} : { PRESTAGE_RECORD_PAUSE_MS: String(toolMs) }),
      ...firmwareOf(prefix, firmware),
    },
  });
  layStandIns(path.join(prefix, 'drive_c/windows/system32'), STAND_INS);
  await session.run('reg', ['add', 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\MiniNT', '/f']);
  await session.shutDown(); // so that it is known after a kill, too
  return session;
}

/**
 * Its tools write to R:\windows.ndjson. The small site's image holds no Windows that could run: what Wine needs is laid into the volume, beside or in
 * place of its files.
 */
export async function bootWindows({ prefix, drives, firmware, toolMs }: SystemParts): Promise<WineSession> {
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
    env: {
      ...tools('windows', { BCDEDIT: `0;${MEDIA_ENTRY}${windowsEntry('C:')}` }),
      ...(toolMs === undefined ? {} : { PRESTAGE_RECORD_PAUSE_MS: String(toolMs) }),
      ...firmwareOf(prefix, firmware),
    },
  });
}

/** Calls in a record of the stand-ins, as `bcdboot W:\Windows ...`. */
export function callsIn(file: string): readonly string[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map(line => JSON.parse(line)).map(({ tool, args }) => `${tool} ${args.join(' ')}`);
}

/** Lower-case names, relative to the volume, of what `bootWindows` lays into it. */
export async function namesOfWine(): Promise<ReadonlySet<string>> {
  const root = path.join(WINE_TEMPLATE, 'drive_c');
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const names = entries.map(entry => path.relative(root, path.join(entry.parentPath, entry.name)));
  return new Set([
    ...names.map(name => name.toLowerCase()),
    ...STAND_INS.map(tool => `windows/system32/${tool}.exe`),
  ]);
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
    PRESTAGE_RECORD_PAUSE_MS: '300',
    PRESTAGE_RECORD: `R:\\${system}.ndjson`,
    ...Object.fromEntries(named),
  };
}

function firmwareOf(prefix: string, firmware: Firmware | undefined): Record<string, string> {
  if (firmware === undefined) return {};
  const folder = `${prefix}-firmware`;
  mkdirSync(folder, { recursive: true });
  layTree(folder, firmware);
  return { LD_PRELOAD: path.join(TEST_TOOLS, 'firmware.so'), PRESTAGE_FIRMWARE: folder };
}
