// Asks a person for something that must not appear on the screen: nothing is shown for what is typed, not even how much it is.
import { Fault } from '../fault/fault.ts';
import type { Terminal } from './menu.ts';

/** What a key made of what was typed so far. */
export type SecretAnswer = { readonly done: string } | { readonly left: true } | { readonly typed: string };

/**
 * Enter ends, Backspace takes the last character back, Ctrl-U all of them. Pasted text counts as typed, as far as its first end of line.
 * @param question what is asked for; a colon is added. @returns what was typed, which may be nothing. Faults: STOP-01 for Esc, Ctrl-C and an abort.
 */
export async function askSecret(terminal: Terminal, question: string, signal: AbortSignal): Promise<string> {
  const ending = new AbortController();
  const bound = AbortSignal.any([signal, ending.signal]);
  let typed = '';
  terminal.write(`${question}: `);
  try {
    for await (const keys of terminal.keys(bound)) {
      const answer = afterKeys(typed, keys);
      if ('left' in answer) break;
      if ('done' in answer) return answer.done;
      typed = answer.typed;
    }
    throw new Fault('STOP-01', question);
  } finally {
    ending.abort();
    terminal.write('\n');
  }
}

/** Runs `work` with the keyboard unseen: a terminal would show what somebody types ahead. Fault: STOP-01 for Esc and Ctrl-C, which end `work`'s signal. */
export async function whileUnseen<T>(
  terminal: Terminal,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const bound = AbortSignal.any([signal, ending.signal]);
  let left = false;
  const listening = listen();
  try {
    const result = await work(bound);
    if (!left) return result;
  } catch (thrown) {
    // Whatever became of it: the person has left.
    if (!left) throw thrown;
  } finally {
    ending.abort();
    await listening;
  }
  throw new Fault('STOP-01', 'waiting');

  async function listen(): Promise<void> {
    for await (const keys of terminal.keys(bound)) {
      if (!('left' in afterKeys('', keys))) continue;
      left = true;
      ending.abort();
    }
  }
}

/** What one key does, or several that came together. Escape sequences (arrows, the marks around pasted text) do nothing. */
export function afterKeys(before: string, keys: string): SecretAnswer {
  if (keys === '\x1b') return { left: true };
  if (keys.startsWith('\x1b')) return { typed: before };
  let typed = before;
  for (const key of keys) {
    if (key === '\x03' || key === '\x1b') return { left: true };
    if (key === '\r' || key === '\n') return { done: typed };
    if (key === '\x7f' || key === '\b') typed = withoutLast(typed);
    else if (key === '\x15') typed = '';
    else if (key >= ' ') typed += key;
  }
  return { typed };
}

/** A letter may be several code points (an accent of its own); a person sees one, and takes back one. */
function withoutLast(text: string): string {
  return [...new Intl.Segmenter().segment(text)]
    .slice(0, -1)
    .map(({ segment }) => segment)
    .join('');
}
