// `prestage selftest`: tries on this system everything that Prestage relies on and that only the system itself can answer; one JSON report.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { tableLines } from '../console/table.ts';
import { Fault } from '../fault/fault.ts';
import { type Probe, type ProbeResult, runProbes } from '../machine/probe.ts';
import type { Composition } from './composition.ts';

/** What the command needs of its surroundings. */
export type SelftestWorld = Pick<Composition, 'clock' | 'print' | 'version' | 'openProbes'>;

export interface SelftestOptions {
  readonly json?: boolean;
  readonly out?: string;
  readonly folder?: string;
}

/** The report as it is written; docs/ keeps one for each real WinPE that it was run in. */
export interface SelftestReport {
  readonly format: 'prestage-selftest/1';
  readonly version: string;
  readonly started: string;
  readonly system: {
    readonly platform: string;
    readonly release: string;
    readonly architecture: string;
    readonly wine: boolean;
  };
  /** True when every mandatory probe passed. */
  readonly passed: boolean;
  readonly probes: readonly ProbeResult[];
}

/** Registers the command. Faults: USAGE-10 when a mandatory probe fails, USAGE-08 when the report cannot be written. */
export function addSelftest(
  program: Command,
  compose: () => Promise<SelftestWorld>,
  exit: (code: number) => void,
): void {
  program
    .command('selftest')
    .summary('try on this computer everything that Prestage relies on; change nothing')
    .description(
      'Tries DLLs, wimgapi messages and error numbers, tools and their exit codes, firmware calls, volumes, console, threads and network, and prints a table. Run it once in each new boot image and keep the report. Only temporary files are written.',
    )
    .option('--out <file>', 'write the whole report as JSON to this file')
    .option(
      '--folder <folder>',
      'where temporary files go, on the disk rather than on X: (default: the system’s temporary folder)',
    )
    .option('--json', 'print the whole report as JSON')
    .addHelpText(
      'after',
      '\nExit code 0: all that a deployment needs is there. 2: something is not;\nthe table names it.\n\nExamples:\n  prestage selftest --out D:\\selftest.json --folder D:\\\n  prestage selftest --json',
    )
    .action(async (options: SelftestOptions) => exit(await selftest(options, await compose())));
}

/** @returns 0 when every mandatory probe passes. @throws Fault USAGE-10 after everything was printed and written. */
export async function selftest(
  { json, out, folder }: SelftestOptions,
  world: SelftestWorld,
): Promise<number> {
  const report = await withFolder(folder, async below =>
    selftestReport(await world.openProbes(below), world),
  );
  if (out !== undefined) await write(out, `${JSON.stringify(report, undefined, 2)}\n`);
  world.print(json === true ? JSON.stringify(report, undefined, 2) : reportLines(report).join('\n'));
  if (report.passed) return 0;
  const failed = report.probes.filter(probe => probe.outcome === 'failed').map(probe => probe.name);
  throw new Fault('USAGE-10', 'this system', { failed, ...(out === undefined ? {} : { report: out }) });
}

/** Runs the probes and puts their results together. */
export async function selftestReport(
  probes: readonly Probe[],
  { clock, version }: Pick<SelftestWorld, 'clock' | 'version'>,
): Promise<SelftestReport> {
  const started = clock.now().toISOString();
  const results = await runProbes(probes, clock);
  return {
    format: 'prestage-selftest/1',
    version,
    started,
    system: {
      platform: os.version(),
      release: os.release(),
      architecture: os.machine(),
      wine: results.some(({ seen }) => seen.wine !== undefined),
    },
    passed: results.every(result => result.outcome !== 'failed'),
    probes: results,
  };
}

function reportLines({ system, passed, probes }: SelftestReport): readonly string[] {
  const rows = probes.map(({ name, outcome, mandatory, seen }) => [
    name,
    outcome,
    mandatory ? 'yes' : 'no',
    shortened(seen),
  ]);
  const failed = probes.filter(probe => probe.outcome === 'failed').length;
  return [
    `${system.platform} ${system.release}, ${system.architecture}`,
    ...(system.wine
      ? ['This is Wine: the report proves how Windows is called, not how Windows answers.']
      : []),
    '',
    ...tableLines([{ title: 'Probe' }, { title: 'Outcome' }, { title: 'Needed' }, { title: 'Seen' }], rows),
    '',
    passed
      ? 'Everything that a deployment needs is there.'
      : `${failed} of the things that a deployment needs are not there.`,
  ];
}

const SEEN_CHARACTERS = 90;

function shortened(seen: Readonly<Record<string, unknown>>): string {
  const text = Object.entries(seen)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
    .replaceAll(/\s+/g, ' ');
  return text.length <= SEEN_CHARACTERS ? text : `${text.slice(0, SEEN_CHARACTERS - 1)}…`;
}

async function withFolder<Result>(
  parent: string | undefined,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(path.join(parent ?? os.tmpdir(), 'prestage-selftest-')).catch(cause => {
    throw new Fault(
      'USAGE-08',
      parent ?? os.tmpdir(),
      { expected: 'a folder that can be written' },
      { cause },
    );
  });
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function write(file: string, text: string): Promise<void> {
  try {
    await mkdir(path.dirname(path.resolve(file)), { recursive: true });
    await writeFile(file, text);
  } catch (cause) {
    throw new Fault('USAGE-08', file, { expected: 'a file that can be written' }, { cause });
  }
}
