// The machine that Windows runs on: WinPE at first boot, the new Windows afterwards.
import path from 'node:path';
import type { MachineFacts } from '../../facts/machine-facts.ts';
import { lookAt } from '../look-at.ts';
import type { Imaging, Machine } from '../machine.ts';
import { bootMenu } from './boot-menu.ts';
import { expandVariables } from './command-line.ts';
import { consoleDecoder } from './console-text.ts';
import { detects } from './detect.ts';
import { releaseEncryption } from './device-encryption.ts';
import { listDisks } from './disks.ts';
import { addOfflineDrivers } from './offline-drivers.ts';
import { partitionDisk } from './partition.ts';
import { BACKUP_PRIVILEGES, enablePrivileges } from './privileges.ts';
import { holdTogether } from './program-job.ts';
import { protect } from './protect.ts';
import { setRecovery } from './recovery.ts';
import { openRegistry } from './registry.ts';
import { runProgram } from './run-program.ts';
import { retireAfterExit } from './start-up-task.ts';
import { setSystemClock } from './system-clock.ts';
import { openSystemLibraries } from './system-library.ts';
import { findBiosVolume, findSystemVolume } from './system-volume.ts';
import { flushVolume } from './volume-device.ts';
import { firmwareType, readWindowsFacts, systemKind } from './windows-facts.ts';
import { openWindowsTools, type ToolWorld } from './windows-tool.ts';
import { listVolumes } from './windows-volumes.ts';

export interface WindowsMachineParts {
  readonly imaging: Imaging;
  /** The process environment; programs that are run inherit it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly architecture: MachineFacts['architecture'];
  /** Where the executable may lay its native add-on, see native/addon.ts. */
  readonly addonFolders?: readonly string[];
}

const SETUP = 'HKLM\\SYSTEM\\Setup';

/** @throws Fault USAGE-10 where there is no Windows. */
export async function openWindowsMachine({
  imaging,
  environment,
  architecture,
  addonFolders,
}: WindowsMachineParts): Promise<Machine> {
  const libraries = await openSystemLibraries(addonFolders);
  const registry = openRegistry(libraries);
  const systemFolder = path.win32.join(environment.SystemRoot ?? 'C:\\Windows', 'System32');
  const world: ToolWorld = { environment, systemFolder, decode: consoleDecoder(libraries) };
  const tools = openWindowsTools(world);
  const system = systemKind(registry);
  const ramDrive = system === 'winpe' ? path.win32.parse(systemFolder).root : undefined;

  const volumes = async () => listVolumes(libraries, ramDrive);
  const systemVolume = async () => findSystemVolume(libraries, await volumes(), tools);
  const biosVolume = async () => findBiosVolume(await volumes());
  const menu = bootMenu({ tools, system, firmware: firmwareType(libraries), systemVolume, biosVolume });

  const disksWorld = { tools, libraries, volumes };
  // In WinPE volumes are cleared; the new Windows has nothing to do with this right.
  if (system === 'winpe') enablePrivileges(libraries, BACKUP_PRIVILEGES);

  return {
    kind: 'windows',
    imaging,
    facts: async () => readWindowsFacts(libraries, registry, architecture),
    volumes,
    disks: () => listDisks(disksWorld),
    systemVolume,
    async flush(volume) {
      if (system === 'full-os') registry.flush();
      await flushVolume(libraries, volume);
    },
    addBootEntry: menu.add,
    setRecovery: windowsFolder => setRecovery(tools, windowsFolder),
    hasBootEntry: menu.has,
    makeDefault: menu.makeDefault,
    returnToMedia: menu.returnToMedia,
    retireMediaBootEntry: menu.retireMedia,
    addDrivers: (imageRoot, folder) => addOfflineDrivers(tools, imageRoot, folder),
    run: request =>
      runProgram(request, {
        ...world,
        host: { architecture, system },
        holdTogether: holdTogether(libraries),
      }),
    detects: clause => detects(clause, registry, environment),
    async isSetupComplete() {
      const underWay = ['SystemSetupInProgress', 'OOBEInProgress'].map(
        name => registry.value(SETUP, name) ?? '0',
      );
      return underWay.every(value => value === '0');
    },
    retire: (...folders) => retireAfterExit(tools, systemFolder, folders),
    async restart() {
      const failure = { code: 'DISK-05', subject: 'restart' } as const;
      if (system === 'winpe') await tools.run('wpeutil', ['Reboot'], failure);
      else await tools.run('shutdown', ['/r', '/t', '0'], failure);
    },
    protect: target => protect(target, { tools, system, volumes }),
    partition: disk => partitionDisk(disk, disksWorld),
    setClock: async time => setSystemClock(libraries, time),
    readRegistry: async (key, value) =>
      value === undefined
        ? registry.hasKey(key, 'bits64') || undefined
        : registry.value(key, value, 'bits64'),
    lookAt: asked => lookAt(expandVariables(asked, environment)),
    releaseEncryption: () => releaseEncryption(tools, registry),
    close: async () => {},
  };
}
