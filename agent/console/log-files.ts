// The two logs of a run: prestage.log for CMTrace and events.ndjson for machines, rolled at a size, kept in one folder.
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import pino from 'pino';
import { diskFault } from '../durable/disk-fault.ts';
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

// What a full disk does not take is dropped beyond this.
const WAITING_BYTES = 1024 * 1024;

/**
 * @param folder made when absent. Losing the last lines of a log to a power cut or a full disk is acceptable; the journal is what counts.
 * @throws Fault DISK-01, DISK-02 or DISK-03 when the logs cannot be begun.
 */
export function openLogFiles(
  folder: string,
  { clock, redact, version }: { readonly clock: Clock; readonly redact: Redact; readonly version: string },
): LogFiles {
  const trace = begin(folder, 'prestage.log');
  const events = begin(folder, 'events.ndjson');
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

function begin(folder: string, name: string) {
  const file = path.join(folder, name);
  try {
    mkdirSync(folder, { recursive: true });
    roll(file);
    // Synchronous: a crash must not swallow the lines that tell why.
    const log = pino.destination({ dest: file, sync: true, maxLength: WAITING_BYTES });
    // Thrown, it would end the run in place of the fault that the journal and the screen tell.
    log.on('error', () => {});
    return log;
  } catch (error) {
    throw diskFault('log', file, error);
  }
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
