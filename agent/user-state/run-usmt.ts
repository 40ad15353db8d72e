// Runs scanstate or loadstate with the key in a file that only SYSTEM and Administrators can read, and that is gone when the tool has ended.
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { DurableFiles } from '../durable/durable-files.ts';
import type { MachineFacts } from '../facts/machine-facts.ts';
import { Fault } from '../fault/fault.ts';
import type { Machine } from '../machine/machine.ts';
import { loadstateCommand, migrationRules, scanstateCommand, type UsmtPlaces, usmtOutcome } from './usmt.ts';

export interface UsmtRun {
  readonly tool: 'scanstate' | 'loadstate';
  /** The package's folder: the tools in it, or in a folder of the architecture below it as the ADK lays them. */
  readonly package: string;
  readonly architecture: MachineFacts['architecture'];
  readonly store: string;
  readonly key: string;
  /** For the key file and USMT's own temporary files (250 MB and more); made, and protected. */
  readonly work: string;
  readonly logs: string;
  readonly offlineWindows?: string;
  readonly further?: string;
}

export interface UsmtWorld {
  readonly machine: Machine;
  readonly durable: DurableFiles;
  readonly signal?: AbortSignal;
}

export interface UsmtResult {
  readonly exitCode: number;
  readonly log: string;
  /** What the log should be read for. */
  readonly warning?: string;
  readonly rehearsed: boolean;
}

const ADK_FOLDERS: Readonly<Record<MachineFacts['architecture'], string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  x86: 'x86',
};

/** Profiles of hundreds of gigabytes over a slow line take hours; a day is a hang. */
const TIMEOUT_MS = 24 * 60 * 60 * 1000;

/** Faults: STATE-05 tool absent, failed or hanging (exit code and log in detail), DISK-*, STOP-01. */
export async function runUsmt(run: UsmtRun, { machine, durable, signal }: UsmtWorld): Promise<UsmtResult> {
  const tools = await findTools(run);
  const names = await readdir(tools);
  const config = names.find(name => /^config\.xml$/i.test(name));
  const log = path.join(run.logs, `${run.tool}.log`);
  const keyFile = path.join(run.work, 'usmt.key');
  const places: UsmtPlaces = {
    tools,
    rules: migrationRules(names),
    ...(config === undefined ? {} : { config }),
    store: run.store,
    keyFile,
    log,
    progress: path.join(run.logs, `${run.tool}-progress.log`),
    ...(run.further === undefined ? {} : { further: run.further }),
  };
  const command =
    run.tool === 'scanstate' ? scanstateCommand(places, run.offlineWindows) : loadstateCommand(places);
  await durable.makeFolder(run.logs);
  await durable.makeFolder(run.work);
  await machine.protect(run.work);
  try {
    await durable.replaceFile(keyFile, Buffer.from(run.key, 'ascii'));
    const { exitCode, timedOut, rehearsed } = await machine.run({
      command,
      folder: tools,
      timeoutMs: TIMEOUT_MS,
      environment: { USMT_WORKING_DIR: run.work },
      ...(signal === undefined ? {} : { signal }),
    });
    if (timedOut || exitCode === undefined)
      throw new Fault('STATE-05', run.tool, { command, expected: 'an end within a day', log });
    const { outcome, text } = usmtOutcome(exitCode);
    if (outcome === 'failed')
      throw new Fault('STATE-05', run.tool, { command, exitCode, expected: '0 or 3', found: text, log });
    const warning = outcome === 'done' ? {} : { warning: `${run.tool} ended with ${text}; see ${log}.` };
    return { exitCode, log, rehearsed, ...warning };
  } finally {
    await durable.remove(keyFile);
  }
}

async function findTools(run: UsmtRun): Promise<string> {
  const candidates = [run.package, path.join(run.package, ADK_FOLDERS[run.architecture])];
  for (const folder of candidates) {
    const found = await stat(path.join(folder, `${run.tool}.exe`)).catch(() => undefined);
    if (found?.isFile()) return folder;
  }
  throw new Fault('STATE-05', run.tool, {
    expected: `${run.tool}.exe in ${candidates.join(' or ')}`,
    found: 'none',
  });
}
