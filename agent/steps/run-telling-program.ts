// Runs a command that may tell variables: of a step, or the media's prestart command. Its output is kept; what it told is taken only when it
// ended as it should.
import { open } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '../fault/fault.ts';
import type { ActionResult } from '../journal/record.ts';
import { settable } from '../policy/built-in-variables.ts';
import { TOLD_MAX_BYTES, toldVariables } from '../policy/told-variables.ts';
import { keepOutput } from './command-log.ts';
import { type ExitMeaning, goodCodes, meaningOf } from './exit-code.ts';
import type { StepWorld } from './step-world.ts';

/** Environment variable that names the file in which the command may write `NAME=value`, one a line. */
export const TELL_IN = 'PRESTAGE_VARIABLES';
/** Environment variable that names the step: its key in the journal, or `prestart`. */
export const STEP_NAME = 'PRESTAGE_STEP';

const DEFAULT_TIMEOUT_MINUTES = 60;

export interface TellingProgram {
  /** As journal and report name it; the log's name is made of it. */
  readonly name: string;
  /** As a person is told of it, in faults and warnings; `name` when left out. */
  readonly label?: string;
  /** As authored, for faults; `command` may hold values that are secret. */
  readonly authored: string;
  readonly command: string;
  readonly folder: string;
  readonly timeoutMinutes?: number | undefined;
  readonly successCodes?: readonly number[] | undefined;
}

export type ProgramSurroundings = Pick<
  StepWorld,
  'layout' | 'durable' | 'machine' | 'clock' | 'redact' | 'observe'
> & { readonly signal?: AbortSignal };

export interface ProgramOutcome {
  readonly result: ActionResult;
  /** What it told, without what may not be set. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Faults: PKG-05 for a code that is no success, or variables that cannot be understood; PKG-02, PKG-03, MACHINE-03, STOP-01. */
export async function runTellingProgram(
  program: TellingProgram,
  world: ProgramSurroundings,
): Promise<ProgramOutcome> {
  const { layout, durable, machine, signal } = world;
  const {
    name,
    label = name,
    authored,
    folder,
    timeoutMinutes = DEFAULT_TIMEOUT_MINUTES,
    successCodes,
  } = program;
  const fileName = name.replaceAll(/[^A-Za-z0-9._-]/g, '-');
  const log = path.join(layout.logs, `${fileName}.log`);
  const told = path.join(layout.own, 'temp', `${fileName}.variables`);
  await durable.makeFolder(path.dirname(told));
  // What an attempt that was cut has told does not count.
  await durable.remove(told);
  try {
    const ended = await machine.run({
      command: program.command,
      folder,
      timeoutMs: timeoutMinutes * 60_000,
      environment: { [TELL_IN]: told, [STEP_NAME]: name },
      expands: true,
      ...(signal === undefined ? {} : { signal }),
    });
    await keepOutput(program.command, ended, log, world);
    const detail = { command: authored, log };
    if (ended.timedOut || ended.exitCode === undefined)
      throw new Fault('PKG-02', label, { ...detail, timeoutMinutes });
    const { exitCode } = ended;
    const codes = successCodes === undefined ? {} : { successCodes: [...successCodes] };
    const meaning = meaningOf(exitCode, codes);
    if (meaning === 'failed' || meaning === 'busy')
      throw new Fault('PKG-05', label, {
        ...detail,
        exitCode,
        expected: goodCodes(codes),
      });
    const variables = await readTold(told, label, world);
    const restart = restartOf(meaning);
    return {
      result: {
        exitCode,
        log,
        ...(restart === undefined ? {} : { restart }),
        ...(ended.rehearsed ? { rehearsed: true } : {}),
      },
      variables,
    };
  } finally {
    await durable.remove(told);
  }
}

async function readTold(
  file: string,
  name: string,
  { observe }: ProgramSurroundings,
): Promise<Readonly<Record<string, string>>> {
  const bytes = await readUpTo(file, TOLD_MAX_BYTES + 1);
  const { values, refused } = settable(toldVariables(bytes, name));
  if (refused.length > 0)
    observe({
      kind: 'note',
      level: 'warning',
      component: 'command',
      text: `${name} told read-only variables, which are not set: ${refused.join(', ')}.`,
    });
  return values;
}

async function readUpTo(file: string, mostBytes: number): Promise<Uint8Array> {
  // Absent: it had nothing to tell.
  const handle = await open(file, 'r').catch(() => undefined);
  if (handle === undefined) return new Uint8Array();
  try {
    const bytes = Buffer.alloc(mostBytes);
    const { bytesRead } = await handle.read(bytes, 0, mostBytes, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function restartOf(meaning: ExitMeaning): ActionResult['restart'] {
  if (meaning === 'soft-restart') return 'soft';
  return meaning === 'hard-restart' ? 'hard' : undefined;
}
