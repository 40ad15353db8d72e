// Runs the commands of one package or application in order, with the exit codes that Windows installers agree on, and knows after a restart
// in the middle where it was.
import path from 'node:path';
import type { InstallCommand } from '../content/manifest.ts';
import { Fault } from '../fault/fault.ts';
import type { ActionResult } from '../journal/record.ts';
import type { ProgramResult } from '../machine/machine.ts';
import { keepMsiLog, keepOutput, msiLogOf } from './command-log.ts';
import { goodCodes, meaningOf } from './exit-code.ts';
import type { Course } from './step.ts';
import type { StepWorld } from './step-world.ts';

const DEFAULT_TIMEOUT_MINUTES = 60;
const BUSY_ATTEMPTS = 10;
const BUSY_FIRST_WAIT_MS = 5_000;
const BUSY_LONGEST_WAIT_MS = 120_000;
/** How often an item is started again that was cut while it ran. Configuration Manager's "retry if computer unexpectedly restarts": 2. */
const STARTS_AFTER_CUT = 2;

export interface Installation {
  readonly id: string;
  readonly commands: readonly InstallCommand[];
  /** Where the item lies, proven. */
  readonly folder: string;
  readonly course: Course;
}

/**
 * Runs the commands that are not done yet; output goes to a log of the item's own below the run's logs. When one of them restarts the
 * computer (1641), those after it wait for that restart: the result says `resumes`.
 * @throws Fault PKG-01 (exit code in detail), PKG-02 timed out, PKG-03 not started, PKG-06 cut again and again, STOP-01.
 */
export async function runInstaller(installation: Installation, world: StepWorld): Promise<ActionResult> {
  const { id, commands, course } = installation;
  const log = path.join(world.layout.logs, `install-${id}.log`);
  if (course.cuts > STARTS_AFTER_CUT)
    throw new Fault('PKG-06', id, { starts: course.cuts, command: commands[course.done]?.command, log });
  let outcome: Outcome = { exitCode: 0, attempts: 0, rehearsed: false };
  let restart: ActionResult['restart'];
  let ran = 0;
  for (const [at, command] of commands.entries()) {
    if (at < course.done) continue;
    await course.started(at + 1);
    const ended = await runUntilNotBusy(command, installation, log, world);
    // What was installed must not be newer in the journal than on the disk.
    if (!ended.rehearsed) await world.machine.flush(await world.target());
    await course.finished(at + 1, ended.exitCode);
    ran += 1;
    outcome = {
      exitCode: ended.exitCode,
      attempts: outcome.attempts + ended.attempts,
      rehearsed: outcome.rehearsed || ended.rehearsed,
    };
    const meaning = meaningOf(ended.exitCode, command);
    if (meaning === 'soft-restart') restart = 'soft';
    if (meaning === 'hard-restart') {
      restart = 'hard';
      if (at + 1 < commands.length) return { ...resultOf(outcome, log), restart, resumes: true };
      break;
    }
  }
  return {
    ...resultOf(outcome, ran > 0 ? log : undefined),
    ...(restart === undefined ? {} : { restart }),
  };
}

interface Outcome {
  readonly exitCode: number;
  readonly attempts: number;
  readonly rehearsed: boolean;
}

function resultOf({ exitCode, attempts, rehearsed }: Outcome, log: string | undefined): ActionResult {
  return {
    exitCode,
    attempts,
    ...(log === undefined ? {} : { log }),
    ...(rehearsed ? { rehearsed } : {}),
  };
}

/** Only one installation by Windows Installer can run at a time: who comes second (1618) waits and tries again. */
async function runUntilNotBusy(
  command: InstallCommand,
  installation: Installation,
  log: string,
  world: StepWorld,
): Promise<Outcome> {
  const { id } = installation;
  for (let attempt = 1; ; attempt += 1) {
    const { result, logs } = await runOnce(command, installation, log, world);
    const detail = { command: command.command, ...logs };
    if (result.timedOut || result.exitCode === undefined)
      throw new Fault('PKG-02', id, { ...detail, timeoutMinutes: timeoutMinutesOf(command) });
    const { exitCode, rehearsed } = result;
    const meaning = meaningOf(exitCode, command);
    if (meaning === 'failed' || (meaning === 'busy' && attempt === BUSY_ATTEMPTS))
      throw new Fault('PKG-01', id, { ...detail, exitCode, expected: goodCodes(command) });
    if (meaning !== 'busy') return { exitCode, rehearsed, attempts: attempt };
    const waitMs = Math.min(BUSY_LONGEST_WAIT_MS, BUSY_FIRST_WAIT_MS * 2 ** (attempt - 1));
    world.observe({
      kind: 'note',
      level: 'warning',
      component: 'install',
      text: `${id}: another installation is running (1618); trying again in ${waitMs / 1000} s.`,
    });
    await world.sleep(waitMs, world.signal);
  }
}

/** @returns what the program came to, and the logs that tell about it, by what they are. */
async function runOnce(
  command: InstallCommand,
  { id, folder }: Installation,
  log: string,
  world: StepWorld,
): Promise<{ readonly result: ProgramResult; readonly logs: Readonly<Record<string, string>> }> {
  const msiLog = /\bmsiexec\b/i.test(command.command) ? msiLogOf(id, world) : undefined;
  if (msiLog !== undefined) {
    await keepMsiLog(msiLog, world);
    await world.durable.makeFolder(path.dirname(msiLog.raw));
  }
  const result = await world.machine.run({
    command: command.command,
    folder,
    timeoutMs: timeoutMinutesOf(command) * 60_000,
    expands: true,
    ...(msiLog === undefined ? {} : { msiLog: msiLog.raw }),
    ...(world.signal === undefined ? {} : { signal: world.signal }),
  });
  await keepOutput(command.command, result, log, world);
  const logs = { log };
  if (msiLog !== undefined && (await keepMsiLog(msiLog, world)))
    return { result, logs: { ...logs, msiLog: msiLog.kept } };
  return { result, logs };
}

function timeoutMinutesOf({ timeoutMinutes = DEFAULT_TIMEOUT_MINUTES }: InstallCommand): number {
  return timeoutMinutes;
}
