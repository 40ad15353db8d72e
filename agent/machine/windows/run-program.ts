// Runs an installer as it was authored: found in the item's folder first, no shell, no inherited handles, ended with all it started when late.
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { MachineFacts } from '../../facts/machine-facts.ts';
import { Fault } from '../../fault/fault.ts';
import type { ProgramRequest, ProgramResult } from '../machine.ts';
import { canStart, programMachine } from '../pe-machine.ts';
import { type ChildRequest, runChild } from './child-program.ts';
import { type CommandLine, expandVariables, isScript, splitCommandLine } from './command-line.ts';
import { withMsiLog } from './msiexec-log.ts';
import type { HoldTogether } from './program-job.ts';
import type { ToolWorld } from './windows-tool.ts';

export interface ProgramWorld extends ToolWorld {
  readonly holdTogether: HoldTogether;
  readonly host: Pick<MachineFacts, 'architecture' | 'system'>;
}

/** @throws Fault PKG-03 when the command cannot be started, MACHINE-03 when this system cannot run its architecture, STOP-01 when stopped. */
export async function runProgram(
  request: ProgramRequest,
  { environment, systemFolder, decode, host, holdTogether }: ProgramWorld,
): Promise<ProgramResult> {
  const { folder, timeoutMs, signal } = request;
  const command =
    request.expands === true
      ? expandVariables(request.command, { ...environment, ...request.environment })
      : request.command;
  const split = splitCommandLine(command);
  if (!split)
    throw new Fault('PKG-03', command, { expected: 'a program, in quotes when its path has spaces' });
  if (signal?.aborted) throw new Fault('STOP-01', command);
  const program = await findProgram(split.program, folder);
  await requireArchitecture(program, { ...environment, ...request.environment }, host);
  const end = await runChild({
    ...started(
      program,
      { ...split, rest: withMsiLog(split, request.msiLog) },
      path.win32.join(systemFolder, 'cmd.exe'),
    ),
    folder,
    environment: { ...environment, ...request.environment },
    timeoutMs,
    signal,
    taskkill: path.win32.join(systemFolder, 'taskkill.exe'),
    holdTogether,
  });
  if (end.how === 'not-started')
    throw new Fault(
      'PKG-03',
      command,
      { program, folder, native: nativeCode(end.cause) },
      { cause: end.cause },
    );
  if (end.how === 'stopped') throw new Fault('STOP-01', command);
  return {
    exitCode: end.how === 'exited' ? end.exitCode : undefined,
    timedOut: end.how === 'timed-out',
    stdout: decode(end.stdout),
    stderr: decode(end.stderr),
    rehearsed: false,
  };
}

/** A script needs cmd.exe: /d without AutoRun of the registry, /s so that only the outermost quotes are taken off. */
function started(
  program: string,
  { rest }: CommandLine,
  cmd: string,
): Pick<ChildRequest, 'program' | 'commandLine'> {
  if (!isScript(program)) return { program, commandLine: { verbatim: rest } };
  return {
    program: cmd,
    commandLine: { verbatim: `/d /s /c ""${program}"${rest === '' ? '' : ` ${rest}`}"` },
  };
}

/** The item's own file wins over PATH. A name with a folder in it that is not there is left to the start, which names it. */
async function findProgram(name: string, folder: string): Promise<string> {
  const candidates = /\.[^\\/.]+$/.test(name) ? [name] : [`${name}.exe`, `${name}.cmd`, `${name}.bat`, name];
  for (const candidate of candidates) {
    const file = path.win32.resolve(folder, candidate);
    const stats = await stat(file).catch(() => undefined);
    if (stats?.isFile()) return file;
  }
  return name;
}

/** What Windows would only call "not a valid application" (or run as something else, where an emulator is) is told by name before it is started. */
async function requireArchitecture(
  program: string,
  environment: ToolWorld['environment'],
  host: ProgramWorld['host'],
): Promise<void> {
  const file = path.win32.isAbsolute(program) ? program : await findInPath(program, environment);
  const machine = file === undefined ? undefined : await programMachine(file);
  if (file === undefined || machine === undefined || canStart(machine, host)) return;
  throw new Fault('MACHINE-03', file, {
    found: machine,
    expected: host.architecture,
    system: host.system === 'winpe' ? 'Windows PE' : 'Windows',
  });
}

async function findInPath(name: string, environment: ToolWorld['environment']): Promise<string | undefined> {
  const [, folders = ''] =
    Object.entries(environment).findLast(([key]) => key.toLowerCase() === 'path') ?? [];
  const file = /\.[^\\/.]+$/.test(name) ? name : `${name}.exe`;
  for (const folder of folders.split(';')) {
    const candidate = path.win32.join(folder, file);
    if (folder !== '' && (await stat(candidate).catch(() => undefined))?.isFile()) return candidate;
  }
  return undefined;
}

function nativeCode(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
}
