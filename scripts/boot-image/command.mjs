// `npm run boot-image` once Node can read TypeScript: options in, report out; Ctrl-C ends the work and leaves the destination as it was.
import { say } from '../setup/say.mjs';
import { buildBootImage } from './build.mjs';
import { HELP, readOptions } from './options.mjs';
import { reportText } from './report.mjs';
import { diskFull } from './run-tool.mjs';

/** As a shell reports a program that was ended by SIGINT or SIGTERM. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 };

class Stopped extends Error {}

/** @returns {Promise<number>} the exit code. Throws advice. */
export async function bootImage(words) {
  const options = readOptions(words);
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const stop = new AbortController();
  let code;
  for (const [name, number] of Object.entries(EXIT_CODES))
    process.on(name, () => {
      code ??= number;
      stop.abort(new Stopped());
    });
  try {
    const report = await buildBootImage(options, stop.signal);
    process.stdout.write(`${options.json ? JSON.stringify(report, undefined, 2) : reportText(report)}\n`);
    return 0;
  } catch (thrown) {
    if (thrown.code === 'ENOSPC') throw diskFull();
    if (code === undefined) throw thrown;
    say(`\nStopped; ${options.to} is as it was.`);
    return code;
  }
}
