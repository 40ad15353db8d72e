// The program proper: hands the words of the command line to the commands and turns the outcome into a last screen and an exit code.
import { CommanderError } from 'commander';
import type { Composition } from './commands/composition.ts';
import { harmless } from './console/harmless.ts';
import { lastScreenLines } from './console/last-screen.ts';
import { exitCodeOf } from './fault/catalogue.ts';
import { asFault, Fault, faultRecord } from './fault/fault.ts';
import { makeRedact } from './fault/redact.ts';
import { buildProgram, commandLineFault, helpAsOption, type ProgramEffects } from './program.ts';

export interface Program {
  /** Carries the command out. Never rejects: @returns the exit code, after everything was printed. */
  run(): Promise<number>;
  /** Prints the last screen of what nobody has caught. @returns its exit code. */
  report(thrown: unknown): number;
}

/** @param words of the command line. @param signal aborts when the run is asked to stop at the next sound place. */
export function openProgram(words: readonly string[], signal: AbortSignal): Program {
  let exitCode = 0;
  let composition: Composition | undefined;
  const effects: ProgramEffects = {
    async compose() {
      // Loaded when a command needs it: help, version and explain do without.
      composition ??= (await import('./compose.ts')).compose({ signal });
      return composition;
    },
    print: text => void process.stdout.write(`${text}\n`),
    printError: text => void process.stderr.write(`${text}\n`),
    exit: code => {
      exitCode = code;
    },
  };

  const faultOf = (thrown: unknown): Fault => {
    if (thrown instanceof CommanderError) return commandLineFault(thrown, words);
    // An abort surfaces as whatever the interrupted call throws for it.
    const stopped = signal.aborted && thrown instanceof Error && thrown.name === 'AbortError';
    return stopped ? new Fault('STOP-01', 'this run', {}, { cause: thrown }) : asFault(thrown);
  };

  const report = (thrown: unknown): number => {
    // Help and version end this way too; commander has printed what there is to say.
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
    const fault = faultOf(thrown);
    composition?.endProgress();
    const redact = composition?.redact ?? makeRedact();
    const stack = fault.code === 'BUG-01' && fault.cause instanceof Error ? [fault.cause.stack ?? ''] : [];
    const columns = process.stderr.isTTY === true ? process.stderr.columns || 80 : undefined;
    const lines = [...lastScreenLines(fault, columns), ...stack];
    process.stderr.write(harmless(redact(`\n${lines.join('\n')}\n`)));
    if (words.includes('--json'))
      process.stderr.write(redact(`${JSON.stringify({ fault: faultRecord(fault) })}\n`));
    return exitCodeOf(fault.code);
  };

  return {
    report,
    async run() {
      try {
        const asked = helpAsOption(words);
        const program = await buildProgram(effects, asked[0]);
        // Nothing asked for: help is the answer, and asking for nothing is not an error.
        if (asked.length === 0) program.outputHelp();
        else await program.parseAsync(asked, { from: 'user' });
        return exitCode;
      } catch (thrown) {
        return report(thrown);
      } finally {
        await composition?.beforeEnd?.();
      }
    },
  };
}
