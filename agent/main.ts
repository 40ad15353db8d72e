// Starts the program: says at once who is at work, loads the rest, and ends the process with its exit code.
import { startLine } from './console/start-line.ts';
import { exitCodeOf } from './fault/catalogue.ts';
import { loadProgram } from './load-program.ts';
import type { Program } from './open-program.ts';
import { systemClock } from './progress/clock.ts';
import { VERSION_LINE } from './version.ts';

// Before anything uses the pool: a native call on a thread of its own (applying an image) holds one of its threads for minutes.
process.env.UV_THREADPOOL_SIZE ??= '12';

const words = process.argv.slice(2);
const stop = new AbortController();
let asked = 0;
let outputLost = false;
let program: Program | undefined;

for (const stream of [process.stdout, process.stderr]) {
  // A window that was closed or a full disk behind a redirection must not end a deployment: the journal and the logs have it all.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    outputLost ||= error.code !== 'EPIPE';
  });
}

const opening = startLine(words, systemClock.now());
if (opening !== undefined) process.stderr.write(`${opening}\n`);

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

process.on('uncaughtException', thrown => void leave(report(thrown)));

// Every outcome ends the process itself. When instead nothing is left to wait for, the command waits for what cannot come: not to be told as done.
process.once('beforeExit', () => {
  void leave(report(new Error('the program ran out of work before the command had an outcome')));
});

run().then(leave);

async function run(): Promise<number> {
  // Asked by scripts that only want to know whether it starts at all.
  if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
    process.stdout.write(`${VERSION_LINE}\n`);
    return 0;
  }
  try {
    program = (await loadProgram()).openProgram(words, stop.signal);
  } catch (thrown) {
    return report(thrown);
  }
  return await program.run();
}

function report(thrown: unknown): number {
  if (program !== undefined) return program.report(thrown);
  // Not even the catalogue's screen can be shown: the executable is damaged.
  process.stderr.write(
    `BUG-01  Prestage could not be loaded\n${String((thrown as Error)?.stack ?? thrown)}\n`,
  );
  return exitCodeOf('BUG-01');
}

// Writing to a pipe is asynchronous on Windows: what was printed must be out before the process ends.
async function leave(exitCode: number): Promise<void> {
  const drained = (stream: NodeJS.WriteStream): Promise<void> =>
    new Promise(resolve => stream.write('', () => resolve()));
  await Promise.all([drained(process.stdout), drained(process.stderr)]);
  process.exit(exitCode === 0 && outputLost ? exitCodeOf('DISK-01') : exitCode);
}
