// What a first boot prints besides the words of the commands it runs.
import { ROOT } from '../setup/place.mjs';

/** Announces one step. Paths of the checkout are shown relative to it. */
export function heading(text) {
  process.stdout.write(`\n\x1b[1m$ ${short(text)}\x1b[0m\n`);
}

/** One line. */
export function line(text) {
  process.stdout.write(`${short(text)}\n`);
}

/** How a command ended and how long it took, in a shade of its own. */
export function took(started, code) {
  process.stdout.write(
    `\x1b[2m(exit code ${code}, ${((performance.now() - started) / 1000).toFixed(1)} s)\x1b[0m\n`,
  );
}

/** A path of the checkout as a person in it would type it. */
export const short = text => text.replaceAll(`${ROOT}/`, '');
