// Runs a tool of Windows (bcdboot, bcdedit, dism ...) and holds it to its exit code.
import path from 'node:path';
import type { FaultCode } from '../../fault/catalogue.ts';
import { Fault } from '../../fault/fault.ts';
import { runChild } from './child-program.ts';
import type { DecodeConsole } from './console-text.ts';

/** What a tool's failure means to the caller. */
export interface ToolFailure {
  readonly code: FaultCode;
  readonly subject: string;
  /** How long the tool may take; an hour when nothing is said. */
  readonly timeoutMs?: number;
}

export interface WindowsTools {
  /** Full path of a tool in System32: names alone would be searched in PATH, where anybody may have put another. */
  path(name: string): string;
  /**
   * Runs `tool` (a name in System32, or a full path) to its end. Resolves to what it printed.
   * @throws Fault `failure.code` with the tool's words, exit code and arguments when it ends with another code than 0, cannot be started or hangs.
   */
  run(tool: string, commandLine: readonly string[], failure: ToolFailure): Promise<string>;
}

export interface ToolWorld {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly systemFolder: string;
  readonly decode: DecodeConsole;
}

/** No tool of Windows that is used here needs longer; DISM on a large driver store comes nearest. */
const TIMEOUT_MS = 60 * 60 * 1000;
const WORDS_MAX = 2000;

/** @param world where the tools lie and how their output is read. */
export function openWindowsTools({ environment, systemFolder, decode }: ToolWorld): WindowsTools {
  const pathOf = (name: string): string => path.win32.join(systemFolder, `${name}.exe`);
  return {
    path: pathOf,
    async run(tool, commandLine, { code, subject, timeoutMs = TIMEOUT_MS }) {
      const program = path.win32.isAbsolute(tool) ? tool : pathOf(tool);
      const end = await runChild({
        program,
        commandLine,
        environment,
        timeoutMs,
        taskkill: pathOf('taskkill'),
      });
      const detail = { tool: program, arguments: commandLine };
      if (end.how === 'not-started')
        throw new Fault(code, subject, { ...detail, found: 'it could not be started' }, { cause: end.cause });
      const words = [end.stdout, end.stderr]
        .map(bytes => decode(bytes).trim())
        .filter(text => text !== '')
        .join('\n');
      if (end.how !== 'exited')
        throw new Fault(code, subject, {
          ...detail,
          found: 'it did not end',
          words: words.slice(-WORDS_MAX),
        });
      if (end.exitCode !== 0)
        throw new Fault(code, subject, { ...detail, exitCode: end.exitCode, words: words.slice(-WORDS_MAX) });
      return decode(end.stdout);
    },
  };
}
