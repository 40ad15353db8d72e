// What starts bootmgr on a BIOS machine: syslinux in the boot sector of the FAT32 partition, whose chain.c32 loads bootmgr as Windows' own boot
// sector would (to 2000:0000, with the sector that says where the partition begins).
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import type { DurableFiles } from '../durable/durable-files.ts';
import { missingTool } from '../machine/host-tools.ts';
import { DISK, mtoolsImage, type Workshop } from './disk-image-tools.ts';
import { type DiskLayout, SECTOR_BYTES } from './disk-layout.ts';

/** chain.c32 and what it is linked to. */
const MODULES: readonly string[] = ['chain.c32', 'libcom32.c32', 'libutil.c32'];
const MODULE_FOLDER = '/usr/lib/syslinux/modules/bios';

/** Where they lie on the partition; the media's own files are apart from it. */
const FOLDER = 'syslinux';

const CONFIGURATION = [
  'DEFAULT bootmgr',
  'PROMPT 0',
  'TIMEOUT 0',
  'LABEL bootmgr',
  '  COM32 chain.c32',
  '  APPEND fs ntldr=/bootmgr',
  '',
].join('\n');

/** Fault: USAGE-20, before anything is written. */
export async function requireSyslinux(): Promise<void> {
  for (const module of MODULES) {
    const file = path.join(MODULE_FOLDER, module);
    await stat(file).catch(() => {
      throw missingTool(file, 'syslinux-common');
    });
  }
}

/** Makes the filled partition start bootmgr. Faults: DISK-05, USAGE-20, STOP-01. */
export async function installBootSector(
  { esp }: DiskLayout,
  workshop: Workshop,
  durable: DurableFiles,
): Promise<void> {
  const image = mtoolsImage(esp.startBytes);
  await durable.replaceFile(path.join(workshop.folder, 'syslinux.cfg'), Buffer.from(CONFIGURATION));
  await workshop.run('mmd', ...image, `::/${FOLDER}`);
  const modules = MODULES.map(module => path.join(MODULE_FOLDER, module));
  await workshop.run('mcopy', ...image, '-Q', ...modules, 'syslinux.cfg', `::/${FOLDER}/`);
  await workshop.run('syslinux', '--directory', FOLDER, '--offset', esp.startBytes, '--install', DISK);
  await backUpBootSector(path.join(workshop.folder, DISK), esp.startBytes, durable);
}

/** Where mkfs.vfat and Windows keep the second boot sector of FAT32 (BPB_BkBootSec); syslinux leaves it as it was. */
const BACKUP_SECTOR = 6;

async function backUpBootSector(disk: string, startBytes: number, durable: DurableFiles): Promise<void> {
  const sector = Buffer.alloc(SECTOR_BYTES);
  const source = await open(disk, 'r');
  try {
    await source.read(sector, 0, SECTOR_BYTES, startBytes);
  } finally {
    await source.close();
  }
  const target = await durable.openPartial(disk);
  try {
    await target.write(sector, startBytes + BACKUP_SECTOR * SECTOR_BYTES);
  } finally {
    await target.close();
  }
}
