// The screen while a run goes on: a line for each thing that happens and, on a terminal, one line that moves.
import stringWidth from 'string-width';
import type { Redact } from '../fault/redact.ts';
import type { Clock } from '../progress/clock.ts';
import type { Observe } from '../progress/event.ts';
import { type Meter, makeMeter } from '../progress/meter.ts';
import { eventText } from './event-text.ts';
import { harmless } from './harmless.ts';
import { type Advanced, bytesToShow, progressLine } from './progress-line.ts';
import { wrapped } from './wrap.ts';

export interface ScreenOptions {
  readonly write: (text: string) => void;
  /** Width in columns when the screen is a terminal that understands a carriage return; undefined for a file or pipe. */
  readonly columns?: number;
  readonly clock: Clock;
  readonly redact: Redact;
}

export interface Screen {
  readonly observe: Observe;
  /** Ends the moving line, so that what is printed next begins on a line of its own. */
  end(): void;
}

// A terminal is redrawn at most this often; a file or pipe gets a line for each tenth of longer work.
const REDRAW_MS = 200;
const LONG_WORK_MS = 1000;

/** @returns an observer that draws; plain ASCII, so that every console shows it. */
export function openScreen({ write, columns, clock, redact }: ScreenOptions): Screen {
  let moving = false;
  let drawnAt = 0;
  const work = new Map<string, { readonly meter: Meter; readonly began: number; tenth: number }>();

  const line = (text: string): void => {
    if (moving && columns !== undefined) write(`\r${' '.repeat(columns - 1)}\r`);
    moving = false;
    for (const shown of wrapped(harmless(redact(text)), columns)) write(`${shown}\n`);
  };

  const advance = (event: Advanced): void => {
    // The items of a run are one piece of work.
    const key = `${event.stage} ${(event.run?.item.of ?? 1) > 1 ? '' : (event.subject ?? '')}`;
    const state = work.get(key) ?? { meter: makeMeter(clock), began: clock.ticks(), tenth: 0 };
    work.set(key, state);
    const { doneBytes, totalBytes } = bytesToShow(event);
    const reading = state.meter.read(doneBytes, totalBytes);
    const { percent } = reading;
    const clean = (text: string): string => harmless(redact(text));
    if (columns === undefined) {
      const tenth = Math.floor(percent / 10);
      if (tenth > state.tenth && clock.ticks() - state.began >= LONG_WORK_MS)
        line(progressLine(event, reading, clean));
      state.tenth = Math.max(tenth, state.tenth);
      return;
    }
    if (clock.ticks() - drawnAt < REDRAW_MS && percent < 100) return;
    drawnAt = clock.ticks();
    const room = columns - 1;
    const shown = progressLine(event, reading, clean, room);
    write(`\r${shown}${' '.repeat(Math.max(0, room - stringWidth(shown)))}`);
    moving = true;
  };

  return {
    observe(event) {
      if (event.kind === 'advanced') {
        advance(event);
        return;
      }
      const text = eventText(event);
      if (text === undefined) return;
      if (event.kind === 'note' && event.level !== 'info')
        line(`${event.level === 'error' ? 'Error' : 'Warning'}: ${text}`);
      else line(text);
    },
    end() {
      if (moving) write('\n');
      moving = false;
    },
  };
}
