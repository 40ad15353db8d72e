// Keeps what a deployment leaves behind for people: the report, the journal and the logs, below the new Windows' own logs.
import { copyFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { asFault } from '../../fault/fault.ts';
import { recall } from '../../journal/past.ts';
import type { Volume } from '../../machine/machine.ts';
import { summarize } from '../../report/summary.ts';
import type { RunContext } from './run-context.ts';

/** Where the records of a finished deployment are kept, below the volume's root. */
export function keptFolder(volumeRoot: string): string {
  return path.join(volumeRoot, 'Windows', 'Logs', 'Prestage');
}

/**
 * Journals that everything is installed and keeps report, journal and logs.
 * @param target the volume with the new Windows. @param onceCompleted runs between the two, the last moment at which something can be told of it.
 * @returns the folder.
 */
export async function keepRecords(
  context: RunContext,
  target: Volume,
  onceCompleted: () => Promise<void> = async () => {},
): Promise<string> {
  const { composition, journal, layout, records } = context;
  const folder = keptFolder(target.root);
  if (!recall(records).completed) await journal?.append({ type: 'completed' });
  await onceCompleted();
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
  const journalCopy = path.join(folder, 'journal.log');
  await composition.durable.remove(journalCopy);
  await composition.durable.copyFile(layout.journal, journalCopy);
  // The report comes last: where it stands, everything before it is kept.
  await composition.durable.replaceFile(path.join(folder, 'report.json'), reportBytes(context));
  return folder;
}

/** The report of the journal so far, as the file that machines read. */
export function reportBytes({ records, composition: { redact, version } }: RunContext): Uint8Array {
  return Buffer.from(`${redact(JSON.stringify(summarize(records, version), undefined, 2))}\n`);
}
