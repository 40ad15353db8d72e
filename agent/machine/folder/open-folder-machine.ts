// The rehearsal machine: a folder that poses as disk, boot store and installer host. Images are applied for real, by the same libraries;
// installers, drivers and restarts are recorded. What must survive a cut passes the durable layer, as on a real machine.
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { DurableFiles } from '../../durable/durable-files.ts';
import { deviceFacts, type MachineFacts } from '../../facts/machine-facts.ts';
import { Fault } from '../../fault/fault.ts';
import type { Redact } from '../../fault/redact.ts';
import { lookAt } from '../look-at.ts';
import type { Imaging, Machine } from '../machine.ts';
import { requireRights } from '../require-rights.ts';
import { openBootStore } from './boot-store.ts';
import { openCommandRecord } from './command-record.ts';
import { folderDisks, partitionFolderDisk } from './folder-disks.ts';
import { folderVolumes, SYSTEM_VOLUME, WINDOWS_VOLUME } from './folder-volumes.ts';
import { type MachineFile, machineFileSchema, readRehearsalFile, rehearsedRegistry } from './machine-file.ts';
import { findBelow, findOnDrive } from './rehearsed-files.ts';
import { believesDetected, rehearseProgram } from './rehearsed-programs.ts';

export interface FolderMachineParts {
  /** The rehearsal folder. `volumes/windows` plays `C:`, `volumes/esp` the ESP. */
  readonly folder: string;
  readonly durable: DurableFiles;
  readonly imaging: Imaging;
  /** Takes secrets out of the record of commands. */
  readonly redact?: Redact;
}

/** @throws Fault DISK-04 when the folder has no volume. */
export async function openFolderMachine({
  folder,
  durable,
  imaging,
  redact = text => text,
}: FolderMachineParts): Promise<Machine> {
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
      return folderDisks(await machine.volumes(), (await described()).disks);
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
      if ((await findBelow(windowsFolder, ['System32', 'Recovery', 'Winre.wim'])) === undefined) return false;
      await record.append({ kind: 'recovery', image: relative(windowsFolder), rehearsed: true });
      return true;
    },
    hasBootEntry: windowsFolder => bootStore.has(windowsFolder),
    makeDefault: windowsFolder => bootStore.makeDefault(windowsFolder),
    returnToMedia: () => bootStore.returnToMedia(),
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
      return rehearseProgram(request, { disk, durable, record, redact, relative, described });
    },

    async detects(clause) {
      if ('file' in clause && (await findOnDrive(disk, clause.file)) !== undefined) return true;
      return believesDetected(record, clause, (await described()).detected ?? []);
    },

    isSetupComplete: async () => true,
    async retire(...folders) {
      for (const below of folders.toReversed()) {
        await durable.remove(below);
        await record.append({ kind: 'retired', folder: relative(below), rehearsed: true });
      }
    },
    restart: () => record.append({ kind: 'restart', rehearsed: true }),
    async protect(target) {
      requireRights(target, await machine.volumes());
      await record.append({ kind: 'protect', folder: relative(target), rehearsed: true });
    },
    async partition(number) {
      const volumes = await machine.volumes();
      const name = await partitionFolderDisk(disk, number, {
        volumes,
        described: (await described()).disks,
        durable,
      });
      await record.append({ kind: 'partition', disk: number, rehearsed: true });
      return (await machine.volumes()).find(volume => volume.label === name)!;
    },
    setClock: time => record.append({ kind: 'clock', time: time.toISOString(), rehearsed: true }),
    readRegistry: async (key, value) => rehearsedRegistry((await described()).registry ?? {}, key, value),
    async lookAt(asked) {
      const found = await findOnDrive(disk, asked);
      return found === undefined ? undefined : await lookAt(found);
    },
    releaseEncryption: () => record.append({ kind: 'release-encryption', rehearsed: true }),
    close: async () => {},
  };
  return machine;
}

function rehearsalFacts({ facts = {} }: MachineFile): MachineFacts {
  const { devices, ...others } = facts;
  return {
    manufacturer: 'Prestage',
    model: 'Rehearsal',
    macAddresses: [],
    ipAddresses: [],
    memoryBytes: 8 * 1024 ** 3,
    firmware: 'uefi',
    architecture: 'x64',
    power: 'mains',
    ...others,
    ...(devices === undefined ? {} : { devices: deviceFacts(devices) }),
    system: 'rehearsal',
  };
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
