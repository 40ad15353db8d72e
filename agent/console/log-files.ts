// The two logs of a run: prestage.log for CMTrace and events.ndjson for machines, rolled at a size, kept in one folder.
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import pino from 'pino';
import type { Redact } from '../fault/redact.ts';
import type { Clock } from '../progress/clock.ts';
import type { Observe, ProgressEvent } from '../progress/event.ts';
import { type CmTraceType, cmTraceLine } from './cmtrace.ts';
import { eventText } from './event-text.ts';

// The task sequence's own defaults since Configuration Manager 1806: 5 MB and three old files.
const ROLL_BYTES = 5 * 1024 * 1024;
const KEPT = 3;

export interface LogFiles {
  readonly observe: Observe;
  close(): void;
}

/** @param folder made when absent. Losing the last lines of a log to a power cut is acceptable; the journal is what counts. */
export function openLogFiles(
  folder: string,
  { clock, redact, version }: { readonly clock: Clock; readonly redact: Redact; readonly version: string },
): LogFiles {
  mkdirSync(folder, { recursive: true });
  const traceFile = path.join(folder, 'prestage.log');
  const eventFile = path.join(folder, 'events.ndjson');
  for (const file of [traceFile, eventFile]) roll(file);
  // Synchronous: a crash must not swallow the lines that tell why.
  const trace = pino.destination({ dest: traceFile, sync: true });
  const events = pino.destination({ dest: eventFile, sync: true });
  const log = pino(
    { base: { version }, timestamp: () => `,"at":"${clock.now().toISOString()}"`, level: 'trace' },
    { write: line => void events.write(redact(line)) },
  );
  return {
    observe(event) {
      const text = eventText(event);
      if (text !== undefined) {
        trace.write(
          redact(
            cmTraceLine({
              text,
              component: componentOf(event),
              type: typeOf(event),
              at: clock.now(),
              thread: process.pid,
            }),
          ),
        );
      }
      const { kind, ...rest } = event;
      if (kind === 'advanced') log.trace({ kind, ...rest });
      else if (typeOf(event) === 3) log.error({ kind, ...rest }, text);
      else if (typeOf(event) === 2) log.warn({ kind, ...rest }, text);
      else log.info({ kind, ...rest }, text);
    },
    close() {
      trace.end();
      events.end();
    },
  };
}

function roll(file: string): void {
  if (!existsSync(file) || statSync(file).size < ROLL_BYTES) return;
  for (let n = KEPT - 1; n >= 1; n--) {
    if (existsSync(`${file}.${n}`)) renameSync(`${file}.${n}`, `${file}.${n + 1}`);
  }
  renameSync(file, `${file}.1`);
}

function componentOf(event: ProgressEvent): string {
  return event.kind === 'note' ? event.component : event.stage;
}

function typeOf(event: ProgressEvent): CmTraceType {
  if (event.kind !== 'note') return 1;
  return event.level === 'error' ? 3 : event.level === 'warning' ? 2 : 1;
}
