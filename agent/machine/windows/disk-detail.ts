// Reads what diskpart's `detail disk` prints, for disks whose driver does not tell its bus. Pure. Only what is the same in every language is leaned
// on: names of buses, which are not translated, the rule of dashes over the volumes, and drive letters.
import type { Disk } from '../machine.ts';

/** As diskpart writes them behind "Type :"; eMMC (MMC), UFS and storage spaces have no name here. */
const BUSES: Readonly<Record<string, Disk['bus']>> = {
  NVME: 'nvme',
  SATA: 'sata',
  ATA: 'sata',
  SCSI: 'scsi',
  SAS: 'sas',
  RAID: 'raid',
  USB: 'usb',
  SD: 'sd',
  VIRTUAL: 'virtual',
  'FILE BACKED VIRTUAL': 'virtual',
};

/** "  Volume 0     C   Windows      NTFS   Partition    475 GB  Healthy    Boot": without a letter more than six spaces follow the number. */
const VOLUME_ROW = /^[*\s]*\D*\d+ {2,6}([A-Z]) {2,}/;

/** @param output of `select disk N` and `detail disk`, decoded. @returns the bus, and the letters of the volumes on the disk. */
export function decodeDiskDetail(output: string): {
  readonly bus?: Disk['bus'];
  readonly letters: readonly string[];
} {
  const lines = output.split(/\r?\n/);
  const rule = lines.findIndex(line => /^\s*-{3,}(\s+-{2,}){5,}\s*$/.test(line));
  const facts = rule < 0 ? lines : lines.slice(0, rule);
  const values = facts.map(line => /^[^:\uff1a]+[:\uff1a]\s*(.+?)\s*$/.exec(line)?.[1]?.toUpperCase() ?? '');
  const type = values.find(value => Object.hasOwn(BUSES, value));
  const letters = rule < 0 ? [] : lines.slice(rule + 1).flatMap(line => VOLUME_ROW.exec(line)?.[1] ?? []);
  return { ...(type === undefined ? {} : { bus: BUSES[type] }), letters };
}
