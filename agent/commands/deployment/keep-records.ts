// Keeps what a deployment leaves behind for people: the report, the journal and the logs, below the new Windows' own logs.
import { copyFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { asFault } from '../../fault/fault.ts';
import { summarize } from '../../report/summary.ts';
import type { RunContext } from './run-context.ts';

/** Where the records of a finished deployment are kept, below the volume's root. */
export function keptFolder(volumeRoot: string): string {
  return path.join(volumeRoot, 'Windows', 'Logs', 'Prestage');
}

/** Journals that everything is installed and keeps report, journal and logs. @returns the folder. */
export async function keepRecords(context: RunContext): Promise<string> {
  const { composition, journal, layout, volume, records } = context;
  const folder = keptFolder(volume.root);
  if (!records.some(record => record.type === 'completed')) await journal?.append({ type: 'completed' });
  await composition.durable.makeFolder(folder);
  for (const name of await readdir(layout.logs).catch(() => [])) {
    try {
      await copyFile(path.join(layout.logs, name), path.join(folder, name));
    } catch (thrown) {
      // A log that cannot be copied must not keep a finished deployment from ending.
      context.observe({
        kind: 'note',
        level: 'warning',
        component: 'clean-up',
        text: `${name} was not kept: ${asFault(thrown).subject}`,
      });
    }
  }
  const target = path.join(folder, 'journal.log');
  await composition.durable.remove(target);
  await composition.durable.copyFile(layout.journal, target);
  // The report comes last: where it stands, everything before it is kept.
  await composition.durable.replaceFile(path.join(folder, 'report.json'), reportBytes(context));
  return folder;
}

/** The report of the journal so far, as the file that machines read. */
export function reportBytes({ records, composition: { redact, version } }: RunContext): Uint8Array {
  return Buffer.from(`${redact(JSON.stringify(summarize(records, version), undefined, 2))}\n`);
}
