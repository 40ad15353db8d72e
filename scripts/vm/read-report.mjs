// What a deployment has left on a disk image with NTFS, read by the tools of ntfs-3g.
import { rmSync } from 'node:fs';
import { partitionFile, partitionsOf, tool } from '../../test/support/raw-disk.ts';

/** Where a report lies: kept at the end, or while the deployment is under way. */
const REPORTS = ['Windows/Logs/Prestage/report.json', '_SMSTaskSequence/Prestage/report.json'];

/** @param part a file to copy the volume into, removed again @returns the report, or undefined */
export async function readReport(disk, part) {
  const volume = (await partitionsOf(disk)).find(({ type }) => type === '0700');
  if (volume === undefined) return undefined;
  try {
    await partitionFile(disk, volume, part);
    for (const file of REPORTS) {
      const text = await tool('ntfscat', ['-f', part, file]).catch(() => '');
      if (text !== '') return JSON.parse(text);
    }
    return undefined;
  } finally {
    rmSync(part, { force: true });
  }
}
