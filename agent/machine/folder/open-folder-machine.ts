// The rehearsal machine: a folder that poses as disk, boot store and installer host. Images are applied for real, by the same libraries;
// installers, drivers and restarts are recorded. What must survive a cut passes the durable layer, as on a real machine.
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { DurableFiles } from '../../durable/durable-files.ts';
import type { MachineFacts } from '../../facts/machine-facts.ts';
import { Fault } from '../../fault/fault.ts';
import type { Imaging, Machine } from '../machine.ts';
import { openBootStore } from './boot-store.ts';
import { openCommandRecord } from './command-record.ts';
import { folderVolumes, SYSTEM_VOLUME, WINDOWS_VOLUME } from './folder-volumes.ts';
import { type MachineFile, machineFileSchema, readRehearsalFile } from './machine-file.ts';
import { believesDetected, rehearseProgram } from './rehearsed-programs.ts';

export interface FolderMachineParts {
  /** The rehearsal folder. `volumes/windows` plays `C:`, `volumes/esp` the ESP. */
  readonly folder: string;
  readonly durable: DurableFiles;
  readonly imaging: Imaging;
}

/** @throws Fault DISK-04 when the folder has no volume. */
export async function openFolderMachine({ folder, durable, imaging }: FolderMachineParts): Promise<Machine> {
  const disk = path.resolve(folder);
  const bootStore = openBootStore(disk, durable);
  const record = openCommandRecord(disk, durable);
  const described = async (): Promise<MachineFile> =>
    (await readRehearsalFile(disk, 'machine.json', machineFileSchema)) ?? {};
  const relative = (below: string): string => path.relative(disk, below).split(path.sep).join('/') || '.';

  if ((await folderVolumes(disk)).length === 0) {
    throw new Fault('DISK-04', disk, {
      expected: `a folder with volumes/${WINDOWS_VOLUME}`,
      found: 'no volumes',
    });
  }

  const machine: Machine = {
    kind: 'folder',
    imaging,
    facts: async () => rehearsalFacts(await described()),
    volumes: async () => folderVolumes(disk, (await described()).volumes),
    async systemVolume() {
      return (await machine.volumes()).find(volume => volume.label === SYSTEM_VOLUME);
    },
    async disks() {
      const volumes = await machine.volumes();
      return [{ number: 0, sizeBytes: Math.max(...volumes.map(volume => volume.sizeBytes)), online: true }];
    },
    // The host's cache outlives the end of this process, and cutting the host's power is not what a rehearsal shows.
    flush: async () => {},

    async addBootEntry(windowsFolder) {
      if (!(await isFolder(windowsFolder))) {
        throw new Fault('IMAGE-06', windowsFolder, { expected: 'a Windows folder', found: 'nothing' });
      }
      await bootStore.add(windowsFolder);
    },
    async setRecovery(windowsFolder) {
      if (!(await hasFileBelow(windowsFolder, ['System32', 'Recovery', 'Winre.wim']))) return false;
      await record.append({ kind: 'recovery', image: relative(windowsFolder), rehearsed: true });
      return true;
    },
    hasBootEntry: windowsFolder => bootStore.has(windowsFolder),
    makeDefault: windowsFolder => bootStore.makeDefault(windowsFolder),
    retireMediaBootEntry: () => bootStore.removeMedia(),

    async addDrivers(imageRoot, driverFolder) {
      const infFiles = await infFilesBelow(driverFolder);
      if (infFiles.length === 0)
        throw new Fault('IMAGE-07', driverFolder, { expected: 'at least one INF file', found: 'none' });
      await record.append({
        kind: 'drivers',
        image: relative(imageRoot),
        folder: relative(driverFolder),
        infFiles,
        rehearsed: true,
      });
    },

    async run(request) {
      if (request.signal?.aborted) throw new Fault('STOP-01', request.command);
      if (request.command.trim() === '')
        throw new Fault('PKG-03', request.command, { expected: 'a command' });
      return rehearseProgram(disk, record, request, relative);
    },

    async detects(clause) {
      if ('file' in clause && (await hasFile(disk, clause.file))) return true;
      return believesDetected(record, clause, (await described()).detected ?? []);
    },

    isSetupComplete: async () => true,
    async retire(below) {
      await durable.remove(below);
      await record.append({ kind: 'retired', folder: relative(below), rehearsed: true });
    },
    restart: () => record.append({ kind: 'restart', rehearsed: true }),
    protect: below => record.append({ kind: 'protect', folder: relative(below), rehearsed: true }),
    async partition(number) {
      throw new Fault('DISK-05', `disk ${number}`, { expected: 'a disk of the rehearsal' });
    },
    setClock: time => record.append({ kind: 'clock', time: time.toISOString(), rehearsed: true }),
    readRegistry: async () => undefined,
    lookAt: async () => undefined,
    releaseEncryption: () => record.append({ kind: 'release-encryption', rehearsed: true }),
    close: async () => {},
  };
  return machine;
}

function rehearsalFacts({ facts = {} }: MachineFile): MachineFacts {
  return {
    manufacturer: 'Prestage',
    model: 'Rehearsal',
    macAddresses: [],
    ipAddresses: [],
    memoryBytes: 8 * 1024 ** 3,
    firmware: 'uefi',
    architecture: 'x64',
    power: 'mains',
    ...facts,
    system: 'rehearsal',
  };
}

/** `C:\Program Files\X\y.exe` (or with `%ProgramFiles%` and the like), looked for below `volumes/windows` without regard to case. */
async function hasFile(disk: string, file: string): Promise<boolean> {
  const below = /^(?:[Cc]:|%SystemDrive%)[\\/](.+)$/i.exec(expanded(file))?.[1];
  if (below === undefined) return false;
  return hasFileBelow(path.join(disk, 'volumes', WINDOWS_VOLUME), below.split(/[\\/]+/));
}

async function hasFileBelow(root: string, names: readonly string[]): Promise<boolean> {
  let folder = root;
  for (const name of names) {
    const entries = await readdir(folder).catch(() => []);
    const found = entries.find(entry => entry.toLowerCase() === name.toLowerCase());
    if (found === undefined) return false;
    folder = path.join(folder, found);
  }
  return true;
}

const VARIABLES: Readonly<Record<string, string>> = {
  programfiles: 'C:\\Program Files',
  'programfiles(x86)': 'C:\\Program Files (x86)',
  programw6432: 'C:\\Program Files',
  programdata: 'C:\\ProgramData',
  systemroot: 'C:\\Windows',
  windir: 'C:\\Windows',
  systemdrive: 'C:',
};

function expanded(text: string): string {
  return text.replaceAll(/%([^%]+)%/g, (whole, name: string) => VARIABLES[name.toLowerCase()] ?? whole);
}

async function isFolder(folder: string): Promise<boolean> {
  return (await stat(folder).catch(() => undefined))?.isDirectory() ?? false;
}

async function infFilesBelow(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  return names
    .filter(name => name.toLowerCase().endsWith('.inf'))
    .map(name => name.split(path.sep).join('/'))
    .sort();
}
