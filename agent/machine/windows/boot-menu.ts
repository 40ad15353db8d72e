// The boot menu of a Windows machine: bcdboot writes boot files and entries, bcdedit reads and arms them.
import { access } from 'node:fs/promises';
import path from 'node:path';
import type { MachineFacts } from '../../facts/machine-facts.ts';
import { Fault } from '../../fault/fault.ts';
import type { Volume } from '../machine.ts';
import {
  type BootEntry,
  decodeBootEntries,
  decodeDefault,
  entriesOfMedia,
  entryOfWindows,
} from './boot-entries.ts';
import { STORE_ON_BIOS, STORE_ON_ESP } from './system-volume.ts';
import type { WindowsTools } from './windows-tool.ts';

export interface BootMenuWorld {
  readonly tools: WindowsTools;
  readonly system: MachineFacts['system'];
  readonly firmware: MachineFacts['firmware'];
  systemVolume(): Promise<Volume | undefined>;
  /** The volume with the boot files of a BIOS machine. */
  biosVolume(): Promise<Volume | undefined>;
}

export interface BootMenu {
  add(windowsFolder: string): Promise<void>;
  has(windowsFolder: string): Promise<boolean>;
  makeDefault(windowsFolder: string): Promise<void>;
  returnToMedia(): Promise<boolean>;
  retireMedia(): Promise<void>;
}

/** Every change is made by Microsoft's tools and can be repeated. Faults: IMAGE-06 with the tool's words, DISK-05. */
export function bootMenu(world: BootMenuWorld): BootMenu {
  const { tools } = world;

  async function bcdedit(subject: string, ...commandLine: readonly string[]): Promise<string> {
    return tools.run('bcdedit', [...(await storeArguments()), ...commandLine], { code: 'IMAGE-06', subject });
  }

  /** Where the firmware looks: the ESP with UEFI, the volume with \Boot with BIOS; where the type is not known, whichever is there. */
  async function target(): Promise<BootTarget | undefined> {
    const esp = world.firmware === 'bios' ? undefined : await world.systemVolume();
    if (esp) return { volume: esp, firmware: 'UEFI', store: STORE_ON_ESP };
    const volume = world.firmware === 'uefi' ? undefined : await world.biosVolume();
    return volume && { volume, firmware: 'BIOS', store: STORE_ON_BIOS };
  }

  /** In WinPE the store is named: which one bcdedit takes by itself there depends on how WinPE was started. In the full OS its own is right. */
  async function storeArguments(): Promise<readonly string[]> {
    if (world.system !== 'winpe') return [];
    const found = await target();
    return found ? ['/store', path.win32.join(found.volume.root, found.store)] : [];
  }

  async function entries(subject: string): Promise<readonly BootEntry[]> {
    return decodeBootEntries(await bcdedit(subject, '/enum', 'osloader', '/v'));
  }

  return {
    async add(windowsFolder) {
      // The image's own bcdboot knows its own boot files (and boot certificates); WinPE's may be older.
      const own = path.win32.join(windowsFolder, 'System32', 'bcdboot.exe');
      const tool = (await exists(own)) ? own : 'bcdboot';
      // /d keeps the media the default; /addlast (UEFI only) leaves the firmware's boot order alone.
      const found = await bootTarget(windowsFolder);
      const to = found ? ['/s', found.volume.root.slice(0, 2), '/f', found.firmware] : [];
      const commandLine = [windowsFolder, ...to, '/d', ...(found?.firmware === 'UEFI' ? ['/addlast'] : [])];
      await tools.run(tool, commandLine, { code: 'IMAGE-06', subject: windowsFolder });
    },

    async has(windowsFolder) {
      return entryOfWindows(await entries(windowsFolder), windowsFolder) !== undefined;
    },

    async makeDefault(windowsFolder) {
      const entry = entryOfWindows(await entries(windowsFolder), windowsFolder);
      if (!entry)
        throw new Fault('IMAGE-06', windowsFolder, { expected: 'an entry in the boot store', found: 'none' });
      await bcdedit(windowsFolder, '/default', entry.id);
    },

    async returnToMedia() {
      const subject = 'boot store';
      const current = decodeDefault(await bcdedit(subject, '/enum', '{bootmgr}', '/v'));
      const ofMedia = entriesOfMedia(await entries(subject));
      const [media] = ofMedia;
      // Without a default the boot manager takes the first of its menu, which in the media's store is the media.
      if (media === undefined || current === undefined) return false;
      if (ofMedia.some(({ id }) => id.toLowerCase() === current.toLowerCase())) return false;
      await bcdedit(media.id, '/default', media.id);
      return true;
    },

    async retireMedia() {
      for (const entry of entriesOfMedia(await entries('boot store')))
        await bcdedit(entry.id, '/delete', entry.id, '/f', '/cleanup');
    },
  };

  /** Without one bcdboot finds its own, as on a BIOS machine that has no boot files yet; on UEFI there is nothing to find. */
  async function bootTarget(windowsFolder: string): Promise<BootTarget | undefined> {
    const found = await target();
    if (found || world.firmware !== 'uefi') return found;
    throw new Fault('IMAGE-06', windowsFolder, { expected: 'an EFI system partition', found: 'none' });
  }
}

interface BootTarget {
  readonly volume: Volume;
  readonly firmware: 'UEFI' | 'BIOS';
  /** The boot store, relative to the volume's root. */
  readonly store: string;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
