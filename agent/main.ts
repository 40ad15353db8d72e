// Starts the program: hands the words of the command line to the commands and turns the outcome into a last screen and an exit code.
import { CommanderError } from 'commander';
import type { Composition } from './commands/composition.ts';
import { harmless } from './console/harmless.ts';
import { lastScreenLines } from './console/last-screen.ts';
import { nativeCodeOf } from './durable/disk-fault.ts';
import { exitCodeOf } from './fault/catalogue.ts';
import { asFault, Fault, faultRecord } from './fault/fault.ts';
import { makeRedact } from './fault/redact.ts';
import { buildProgram, commandLineFault, helpAsOption, type ProgramEffects } from './program.ts';

// Before anything uses the pool: a native call on a thread of its own (applying an image) holds one of its threads for minutes.
process.env.UV_THREADPOOL_SIZE ??= '12';

const stop = new AbortController();
let asked = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] as const) {
  process.on(signal, () => {
    asked++;
    stop.abort();
    if (asked === 1)
      process.stderr.write(
        '\nStopping at the next sound place; press Ctrl-C again to stop at once.\nThe next run goes on either way.\n',
      );
    else process.exit(exitCodeOf('STOP-01'));
  });
}

let exitCode = 0;
let outputLost = false;
for (const stream of [process.stdout, process.stderr]) {
  // A window that was closed or a full disk behind a redirection must not end a deployment: the journal and the logs have it all.
  stream.on('error', error => {
    outputLost ||= nativeCodeOf(error) !== 'EPIPE';
  });
}
let composition: Composition | undefined;
const effects: ProgramEffects = {
  async compose() {
    // Loaded when a command needs it: help, version and explain do without.
    composition ??= (await import('./compose.ts')).compose({ signal: stop.signal });
    return composition;
  },
  print: text => void process.stdout.write(`${text}\n`),
  printError: text => void process.stderr.write(`${text}\n`),
  exit: code => {
    exitCode = code;
  },
};

run()
  .catch((thrown: unknown) => {
    exitCode = report(thrown);
  })
  .finally(leave);

process.on('uncaughtException', thrown => {
  exitCode = report(thrown);
  void leave();
});

// Writing to a pipe is asynchronous on Windows: what was printed must be out before the process ends.
async function leave(): Promise<void> {
  const drained = (stream: NodeJS.WriteStream): Promise<void> =>
    new Promise(resolve => stream.write('', () => resolve()));
  await Promise.all([drained(process.stdout), drained(process.stderr)]);
  process.exit(exitCode === 0 && outputLost ? exitCodeOf('DISK-01') : exitCode);
}

async function run(): Promise<void> {
  const words = helpAsOption(process.argv.slice(2));
  const program = await buildProgram(effects, words[0]);
  // Nothing asked for: help is the answer, and asking for nothing is not an error.
  if (words.length === 0) program.outputHelp();
  else await program.parseAsync(words, { from: 'user' });
}

function report(thrown: unknown): number {
  // Help and version end this way too; commander has printed what there is to say.
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
  const fault = faultOf(thrown);
  composition?.endProgress();
  const redact = composition?.redact ?? makeRedact();
  const stack = fault.code === 'BUG-01' && fault.cause instanceof Error ? [fault.cause.stack ?? ''] : [];
  const columns = process.stderr.isTTY === true ? process.stderr.columns || 80 : undefined;
  const lines = [...lastScreenLines(fault, columns), ...stack];
  process.stderr.write(harmless(redact(`\n${lines.join('\n')}\n`)));
  if (process.argv.includes('--json'))
    process.stderr.write(redact(`${JSON.stringify({ fault: faultRecord(fault) })}\n`));
  return exitCodeOf(fault.code);
}

function faultOf(thrown: unknown): Fault {
  if (thrown instanceof CommanderError) return commandLineFault(thrown, process.argv.slice(2));
  return stopped(thrown) ? new Fault('STOP-01', 'this run', {}, { cause: thrown }) : asFault(thrown);
}

// An abort surfaces as whatever the interrupted call throws for it.
function stopped(thrown: unknown): boolean {
  return stop.signal.aborted && thrown instanceof Error && thrown.name === 'AbortError';
}
