// A menu on the screen: lines with numbers, chosen by digits or arrows, and a default that is taken when nobody answers. What is shown and what a key
// does is pure; the terminal is handed in.
import { Fault } from '../fault/fault.ts';

/** A screen with a keyboard. */
export interface Terminal {
  readonly columns: number;
  write(text: string): void;
  /** Keys as they come, one sequence each: `1`, `\r`, `\x1b[A`. Raw until the iteration ends, Ctrl-C among them. */
  keys(signal: AbortSignal): AsyncIterable<string>;
  /** Shows nothing of what is typed until the returned function is called, also while nobody reads `keys`. */
  keepUnseen?(): () => void;
}

export interface MenuEntry {
  readonly id: string;
  readonly text: string;
}

export interface MenuRequest {
  readonly title: string;
  /** The first one is the default. */
  readonly entries: readonly MenuEntry[];
  /** Whole seconds until the default is taken; 0 waits for ever. */
  readonly timeoutSeconds: number;
}

/** What stands on the screen. */
export interface MenuState {
  /** Which entry is marked, from 0. */
  readonly at: number;
  /** Digits typed so far. */
  readonly typed: string;
  readonly secondsLeft: number;
}

export type MenuAnswer =
  | { readonly chosen: number }
  | { readonly left: true }
  | { readonly state: MenuState };

/**
 * @returns ID of the entry that was chosen, by a person or by time.
 * @throws Fault STOP-01 for Esc, Ctrl-C and an abort: nothing was chosen.
 */
export async function showMenu(
  terminal: Terminal,
  request: MenuRequest,
  signal: AbortSignal,
): Promise<string> {
  const { entries, timeoutSeconds } = request;
  const ending = new AbortController();
  const bound = AbortSignal.any([signal, ending.signal]);
  let state: MenuState = { at: 0, typed: '', secondsLeft: timeoutSeconds };
  let shown = 0;
  const show = (): void => {
    const lines = menuLines(request, state, terminal.columns);
    // Up to the first line and down again, each line cleared: no colours, and the same on every console.
    terminal.write(
      `${shown === 0 ? '' : `\x1b[${shown}A`}${lines.map(line => `\r\x1b[K${line}\n`).join('')}`,
    );
    shown = lines.length;
  };
  let timedOut = false;
  const ticking = setInterval(() => {
    if (state.secondsLeft === 0) return;
    state = { ...state, secondsLeft: state.secondsLeft - 1 };
    show();
    if (state.secondsLeft === 0) {
      timedOut = true;
      ending.abort();
    }
  }, 1000);
  try {
    show();
    for await (const key of terminal.keys(bound)) {
      const answer = afterKey(state, key, entries.length);
      if ('left' in answer) throw new Fault('STOP-01', request.title);
      if ('chosen' in answer) return idAt(entries, answer.chosen);
      state = answer.state;
      show();
    }
    if (timedOut) return idAt(entries, 0);
    throw new Fault('STOP-01', request.title);
  } finally {
    clearInterval(ticking);
    ending.abort();
  }
}

/** What a key does. Whoever presses one is there: the countdown ends. */
export function afterKey({ at, typed }: MenuState, key: string, count: number): MenuAnswer {
  const stay = (next: Partial<MenuState>): MenuAnswer => ({
    state: { at, typed: '', secondsLeft: 0, ...next },
  });
  switch (key) {
    case '\x1b':
    case '\x03':
      return { left: true };
    case '\r':
    case '\n':
      return { chosen: at };
    case '\x1b[A':
      return stay({ at: (at + count - 1) % count });
    case '\x1b[B':
      return stay({ at: (at + 1) % count });
    case '\x7f':
    case '\b':
      return stay({ typed: typed.slice(0, -1) });
  }
  if (!/^\d$/.test(key)) return stay({ typed });
  // A digit that makes no number of the list begins a new one.
  const number = [Number(typed + key), Number(key)].find(each => each >= 1 && each <= count);
  if (number === undefined) return stay({});
  return stay({ at: number - 1, typed: String(number) });
}

/** The lines of the menu, none longer than the screen. */
export function menuLines(
  { title, entries }: MenuRequest,
  { at, secondsLeft }: MenuState,
  columns: number,
): readonly string[] {
  const width = Math.max(20, columns - 1);
  const digits = String(entries.length).length;
  const cut = (line: string): string => (line.length > width ? `${line.slice(0, width - 3)}...` : line);
  return [
    title,
    '',
    ...entries.map(({ id, text }, index) =>
      cut(`${index === at ? '>' : ' '} ${String(index + 1).padStart(digits)}  ${id}  ${text}`),
    ),
    '',
    'Number or arrows, then Enter. Esc leaves, nothing is changed.',
    cut(secondsLeft === 0 ? '' : `Number 1 starts by itself in ${secondsLeft} s.`),
  ];
}

function idAt(entries: readonly MenuEntry[], index: number): string {
  const entry = entries[index];
  if (entry === undefined) throw new Error('a menu has entries');
  return entry.id;
}
