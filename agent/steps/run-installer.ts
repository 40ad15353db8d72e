// Runs the commands of one package or application, with the exit codes that Windows installers agree on.
import path from 'node:path';
import type { InstallCommand } from '../content/manifest.ts';
import { Fault } from '../fault/fault.ts';
import type { ActionResult } from '../journal/record.ts';
import type { ProgramResult } from '../machine/machine.ts';
import type { StepWorld } from './step-world.ts';

// MSI and setup codes: 0 and 1707 success, 3010 soft restart, 1641 the installer starts a restart itself, 1618 another installation is running.
// Source: Microsoft, "MsiExec.exe and InstMsi.exe error messages"; Configuration Manager's default return codes of a deployment type.
const SUCCESS: ReadonlySet<number> = new Set([0, 1707]);
const SOFT_RESTART = 3010;
const HARD_RESTART = 1641;
const BUSY = 1618;

const DEFAULT_TIMEOUT_MINUTES = 60;
const BUSY_ATTEMPTS = 10;
const BUSY_FIRST_WAIT_MS = 5_000;
const BUSY_LONGEST_WAIT_MS = 120_000;

/** What an exit code asks for. An author's success codes come first, then the agreed ones. */
export function meaningOf(
  exitCode: number,
  successCodes: readonly number[] = [],
): 'success' | 'soft-restart' | 'hard-restart' | 'busy' | 'failed' {
  if (exitCode === SOFT_RESTART) return 'soft-restart';
  if (exitCode === HARD_RESTART) return 'hard-restart';
  if (successCodes.includes(exitCode) || SUCCESS.has(exitCode)) return 'success';
  return exitCode === BUSY ? 'busy' : 'failed';
}

/**
 * Runs the item's commands in order in `folder`; output goes to a log of its own below the run's logs.
 * @throws Fault PKG-01 (exit code in detail), PKG-02 timed out, PKG-03 not started, STOP-01.
 */
export async function runInstaller(
  id: string,
  commands: readonly InstallCommand[],
  folder: string,
  world: StepWorld,
): Promise<ActionResult> {
  const log = path.join(world.layout.logs, `install-${id}.log`);
  let restart: ActionResult['restart'];
  let exitCode = 0;
  let attempts = 0;
  let rehearsed = false;
  for (const command of commands) {
    const outcome = await runOne(id, command, folder, log, world);
    attempts += outcome.attempts;
    exitCode = outcome.exitCode;
    rehearsed ||= outcome.rehearsed;
    const meaning = meaningOf(exitCode, command.successCodes);
    if (meaning === 'failed' || meaning === 'busy') {
      throw new Fault('PKG-01', id, {
        command: command.command,
        exitCode,
        expected: [...(command.successCodes ?? [0, 1707, 3010, 1641])].join(', '),
        log,
      });
    }
    if (meaning === 'soft-restart') restart ??= 'soft';
    if (meaning === 'hard-restart') restart = 'hard';
  }
  return {
    exitCode,
    attempts,
    log,
    ...(restart === undefined ? {} : { restart }),
    ...(rehearsed ? { rehearsed } : {}),
  };
}

async function runOne(id: string, command: InstallCommand, folder: string, log: string, world: StepWorld) {
  const timeoutMs = (command.timeoutMinutes ?? DEFAULT_TIMEOUT_MINUTES) * 60_000;
  for (let attempt = 1; ; attempt++) {
    const result = await world.machine.run({
      command: command.command,
      folder,
      timeoutMs,
      ...(world.signal === undefined ? {} : { signal: world.signal }),
    });
    await keepOutput(command, result, log, world);
    if (result.timedOut || result.exitCode === undefined) {
      throw new Fault('PKG-02', id, { command: command.command, timeoutMinutes: timeoutMs / 60_000, log });
    }
    if (meaningOf(result.exitCode, command.successCodes) !== 'busy' || attempt === BUSY_ATTEMPTS) {
      return { exitCode: result.exitCode, attempts: attempt, rehearsed: result.rehearsed };
    }
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

async function keepOutput(
  command: InstallCommand,
  result: ProgramResult,
  log: string,
  world: StepWorld,
): Promise<void> {
  await world.durable.makeFolder(path.dirname(log));
  const text = [
    `${world.clock.now().toISOString()} ${command.command}`,
    `exit code ${result.exitCode ?? 'none: timed out'}${result.rehearsed ? ' (rehearsed, not run)' : ''}`,
    result.stdout,
    result.stderr,
    '',
  ].join('\r\n');
  await world.durable.append(log, Buffer.from(world.redact(text)));
}
