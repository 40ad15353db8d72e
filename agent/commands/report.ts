// prestage report: what happened on this computer so far, folded from the journal.
import type { Command } from 'commander';
import { reportLines } from '../console/report-text.ts';
import { cacheLayout } from '../content/layout.ts';
import { Fault } from '../fault/fault.ts';
import { readJournal } from '../journal/journal.ts';
import type { Report } from '../report/report.ts';
import { summarize } from '../report/summary.ts';
import type { Composition } from './composition.ts';
import { keptReport } from './deployment/end-retirement.ts';

export interface ReportOptions {
  readonly disk?: string;
  readonly json?: boolean;
}

/** Registers the command. */
export function addReport(
  program: Command,
  compose: () => Promise<Composition>,
  exit: (code: number) => void,
): void {
  program
    .command('report')
    .summary('show what happened on this computer so far')
    .description(
      'Folds the journal on the media volume, or the report that a finished deployment left below Windows\\Logs\\Prestage.',
    )
    .option('--disk <folder>', 'a folder that poses as the disk of this computer (rehearsal)')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', '\nExamples:\n  prestage report\n  prestage report --disk out/disk --json')
    .action(async (options: ReportOptions) => exit(await showReport(options, await compose())));
}

/** @returns 0. @throws JOURNAL-04 where there is neither a journal nor a kept report. */
export async function showReport(options: ReportOptions, composition: Composition): Promise<number> {
  const report = await findReport(options, composition);
  composition.endProgress();
  composition.print(
    options.json === true ? JSON.stringify(report, undefined, 2) : reportLines(report).join('\n'),
  );
  return 0;
}

async function findReport(options: ReportOptions, composition: Composition): Promise<Report> {
  const machine = await composition.openMachine(options.disk === undefined ? {} : { disk: options.disk });
  try {
    const volumes = await machine.volumes();
    for (const volume of volumes) {
      const records = await readJournal(cacheLayout(volume.root).journal);
      if (records.length > 0) return summarize(records, composition.version);
    }
    for (const volume of volumes) {
      const kept = await keptReport(volume.root);
      if (kept !== undefined) return kept;
    }
    throw new Fault('JOURNAL-04', options.disk ?? 'this computer', {
      volumes: volumes.map(volume => volume.root),
    });
  } finally {
    await machine.close();
  }
}
