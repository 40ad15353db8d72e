// Variables that a command tells in the file it is given for them: NAME=value, one a line. Pure; hostile until decoded.

import { variableName } from '../document/fields.ts';
import { Fault } from '../fault/fault.ts';

/** Cap on the file, before it is read. */
export const TOLD_MAX_BYTES = 64 * 1024;

const VALUE_MAX_LENGTH = 8192;

/**
 * UTF-8, or UTF-16 with its byte order mark as PowerShell's redirection writes it. Blanks around names and behind values do not count (`echo A=1 >>
 * file` leaves one), empty lines neither; of a name that is told twice the last value holds.
 * Fault: PKG-05 with the line, for anything else.
 */
export function toldVariables(bytes: Uint8Array, subject: string): Readonly<Record<string, string>> {
  const refuse = (expected: string, line?: number): Fault =>
    new Fault('PKG-05', subject, {
      expected,
      found: 'something else',
      ...(line === undefined ? {} : { line }),
    });
  if (bytes.length > TOLD_MAX_BYTES) throw refuse(`at most ${TOLD_MAX_BYTES} bytes of variables`);
  const text = textOf(bytes);
  if (text === undefined) throw refuse('variables in UTF-8, or UTF-16 with a byte order mark');
  const told = new Map<string, readonly [name: string, value: string]>();
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const equals = line.indexOf('=');
    const name = line.slice(0, equals).trim();
    const value = line.slice(equals + 1).trimEnd();
    if (equals < 0 || !variableName.safeParse(name).success) throw refuse('NAME=value', at + 1);
    if (value.length > VALUE_MAX_LENGTH || value.includes('\0'))
      throw refuse(`a value of at most ${VALUE_MAX_LENGTH} characters`, at + 1);
    told.set(name.toLowerCase(), [name, value]);
  }
  return Object.fromEntries(told.values());
}

function textOf(bytes: Uint8Array): string | undefined {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    // Most likely the console's own code page: it is not guessed.
    return undefined;
  }
}
