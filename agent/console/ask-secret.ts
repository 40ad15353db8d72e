// Asks a person for something that must not appear on the screen.
import type { Terminal } from './menu.ts';

/** (to be built) @returns what was typed. Faults: STOP-01 for Esc, Ctrl-C and an abort. */
export async function askSecret(
  _terminal: Terminal,
  _question: string,
  _signal: AbortSignal,
): Promise<string> {
  throw new Error('to be built');
}
