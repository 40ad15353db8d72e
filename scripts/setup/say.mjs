// Prints one line for each thing done, with the seconds it took, so that a slow set-up shows where it is slow.
import { pathToFileURL } from 'node:url';

/** Runs `work` and prints `what` with its seconds; a failure prints too and goes on to the caller. */
export async function timed(what, work) {
  const started = performance.now();
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`.padStart(8);
  try {
    const result = await work();
    say(`${seconds()}  ${what}`);
    return result;
  } catch (error) {
    say(`${seconds()}  ${what}: failed`);
    throw error;
  }
}

/** Prints one line on stderr, so that stdout stays free for results. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Something the person at the keyboard can put right; printed without a stack. */
export class Advice extends Error {}

/**
 * Runs a script's main function when `script` (its import.meta.url) is what was started, not when it was imported. Prints advice as a
 * sentence and anything else with its stack; the exit code is what `work` answers (0 for nothing), or 1.
 */
export async function main(script, work) {
  if (script !== pathToFileURL(process.argv[1] ?? '').href) return;
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    say(`\n${isAdvice(error) ? error.message : (error?.stack ?? error)}`);
    process.exitCode = 1;
  }
}

/** Words of the command line that a script does not know are for the person to put right, too. */
function isAdvice(error) {
  return error instanceof Advice || String(error?.code).startsWith('ERR_PARSE_ARGS_');
}
