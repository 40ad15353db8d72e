// The terminal that the program was started from, as a screen with a keyboard.
import { StringDecoder } from 'node:string_decoder';
import type { ReadStream, WriteStream } from 'node:tty';
import type { Terminal } from './menu.ts';

/** @returns undefined where input or output is no terminal: then there is nobody to ask. */
export function processTerminal(
  input: Pick<ReadStream, 'isTTY' | 'setRawMode' | 'resume' | 'pause' | 'on' | 'off'>,
  output: Pick<WriteStream, 'isTTY' | 'columns' | 'write'>,
): Terminal | undefined {
  if (input.isTTY !== true || output.isTTY !== true) return undefined;
  // Counted: whoever asks several times keeps it between the questions, or what is typed there would be shown.
  let unseen = 0;
  const enter = (): void => {
    unseen += 1;
    if (unseen === 1) input.setRawMode(true);
  };
  const leave = (): void => {
    unseen -= 1;
    if (unseen === 0) input.setRawMode(false);
  };
  return {
    columns: output.columns || 80,
    write: text => void output.write(text),
    keepUnseen() {
      enter();
      return leave;
    },
    async *keys(signal) {
      const waiting: string[] = [];
      let wake = (): void => {};
      // A letter of several bytes may come in two pieces.
      const decoder = new StringDecoder('utf8');
      const heard = (bytes: Buffer): void => {
        waiting.push(...keysOf(decoder.write(bytes)));
        wake();
      };
      const aborted = (): void => wake();
      enter();
      input.on('data', heard);
      signal.addEventListener('abort', aborted);
      input.resume();
      try {
        while (!signal.aborted) {
          const key = waiting.shift();
          if (key !== undefined) yield key;
          else
            await new Promise<void>(resolve => {
              wake = resolve;
            });
        }
      } finally {
        signal.removeEventListener('abort', aborted);
        input.off('data', heard);
        leave();
        input.pause();
      }
    },
  };
}

/** Several keys may come at once (a slow line, pasted text); an escape sequence is one key. */
export function keysOf(text: string): readonly string[] {
  return text.match(KEYS) ?? [];
}

// An escape character written as a code, since it is what is looked for.
const ESCAPE = String.fromCharCode(27);
const KEYS = new RegExp(`${ESCAPE}\\[[0-9;]*[A-Za-z~]|${ESCAPE}O[A-Z]|[\\s\\S]`, 'gu');
