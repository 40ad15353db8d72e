// The two logs of a run: prestage.log for CMTrace and events.ndjson for machines, rolled at a size, kept in one folder.
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import pino from 'pino';
import { diskFault } from '../durable/disk-fault.ts';
import type { Redact } from '../fault/redact.ts';
import type { Clock } from '../progress/clock.ts';
import type { Observe, ProgressEvent } from '../progress/event.ts';
import { type Meter, makeMeter } from '../progress/meter.ts';
import { type CmTraceType, cmTraceLine } from './cmtrace.ts';
import { eventText } from './event-text.ts';
import { type Advanced, bytesToShow, progressLine } from './progress-line.ts';

// The task sequence's own defaults since Configuration Manager 1806: 5 MB and three old files.
const ROLL_BYTES = 5 * 1024 * 1024;
const KEPT = 3;

// Progress in the logs: enough to see afterwards when it was slow, not so much that it hides the rest.
const TRACE_EVERY_MS = 10_000;
const EVENTS_EVERY_MS = 1000;

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
  const progress = openProgressTrace(clock);
  const toldAt = new Map<string, number>();
  /** Each piece of work once a second, and its end. */
  const isTold = ({ stage, subject = '', doneBytes, totalBytes }: Advanced): boolean => {
    const key = `${stage} ${subject}`;
    const [now, before] = [clock.ticks(), toldAt.get(key)];
    if (before !== undefined && now - before < EVENTS_EVERY_MS && doneBytes < totalBytes) return false;
    toldAt.set(key, now);
    return true;
  };
  return {
    observe(event) {
      if (event.kind === 'advanced' && !isTold(event)) return;
      const text = event.kind === 'advanced' ? progress(event) : eventText(event);
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

/** @returns the line that is due at an event, if one is: of all work together one in ten seconds at most. */
function openProgressTrace(clock: Clock): (event: Advanced) => string | undefined {
  const meters = new Map<string, Meter>();
  let toldAt = clock.ticks();
  return event => {
    const key = `${event.stage} ${event.subject ?? ''}`;
    const meter = meters.get(key) ?? makeMeter(clock);
    meters.set(key, meter);
    const { doneBytes, totalBytes } = bytesToShow(event);
    const reading = meter.read(doneBytes, totalBytes);
    if (clock.ticks() - toldAt < TRACE_EVERY_MS) return undefined;
    toldAt = clock.ticks();
    return progressLine(event, reading, text => text);
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
