// What a first boot prints besides the words of the commands it runs.
import { relative } from 'node:path';
import { ROOT } from '../setup/place.mjs';

/** Announces one step. Paths of the checkout are shown relative to it. */
export function heading(text) {
  process.stdout.write(`\n\x1b[1m$ ${short(text)}\x1b[0m\n`);
}

/** One line. */
export function line(text) {
  process.stdout.write(`${short(text)}\n`);
}

/** A path of the checkout as a person in it would type it. */
export const short = text => text.replaceAll(`${ROOT}/`, '');

/** A path relative to another, for lists. */
export const below = (root, file) => relative(root, file);
