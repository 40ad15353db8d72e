// The first line on the screen: who is at work since when, told before the program is loaded.
import { BUILD, VERSION } from '../version.ts';

/** Commands that a person waits for in front of a machine. The others answer at once, or into a file. */
const AT_A_MACHINE: ReadonlySet<string> = new Set(['deploy', 'continue', 'check', 'plan', 'selftest']);

/**
 * @param now by the clock of the machine, which is often wrong on new hardware: whoever sees the line can see that, too.
 * @returns undefined for a command line that asks for something else, such as help. Plain ASCII in less than 80 columns.
 */
export function startLine(words: readonly string[], now: Date): string | undefined {
  const [command = ''] = words;
  if (!AT_A_MACHINE.has(command) || words.some(word => word === '--help' || word === '-h')) return undefined;
  const minute = now.toISOString().slice(0, 16).replace('T', ' ');
  return `Prestage ${VERSION} (build ${BUILD}) starts ${command}, ${minute} UTC`;
}
