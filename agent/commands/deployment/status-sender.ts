// Sends what the journal holds to the management point, in order, each event once, whenever the link is there. The journal is the outbox: nothing
// is written for an event but the journal's own line, and how far the receiver has got is kept beside it.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { Source } from '../../distribution/source.ts';
import { asFault } from '../../fault/fault.ts';
import { statusEvent, statusRun } from '../../report/status-events.ts';
import type { StatusSender } from '../../steps/step-world.ts';
import type { RunContext } from './run-context.ts';

/** Below a management point. */
const STATUS_PATH = 'status';
const BATCH = 100;
/** A receiver takes a mebibyte: see server/receive-status.ts. */
const BATCH_BYTES = 512 * 1024;
const POST_TIMEOUT_MS = 10_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
const ATTEMPTS_WITHOUT_LINK = 2;

/** How far the receiver has got: beside the journal, which it counts in. */
const cursorSchema = z.strictObject({ run: z.string(), sent: z.int().min(0) });

/** A sender that works in the background of a run once it is started. */
export interface RunningStatusSender extends StatusSender {
  start(): void;
}

type Needs = Pick<RunContext, 'composition' | 'manifest' | 'records' | 'layout' | 'observe' | 'journal'>;

/**
 * @param receivers where status goes, the first that takes it: asked for anew before each post, because policy may name another. None: all is kept.
 */
export function openStatusSender(context: Needs, receivers: () => readonly Receiver[]): RunningStatusSender {
  const { composition, manifest, records, layout, observe, journal } = context;
  const cursorFile = path.join(layout.own, 'status.json');
  const stopping = new AbortController();
  let sent: number | undefined;
  /** Behind the last event of a post that may have been taken: sent again, it has the same events, or its key would name others. */
  let offered = 0;
  let told = false;
  /** Sources that do not know what status is: they will not learn it in this run. */
  const strangers = new Set<string>();
  const takers = (): readonly Receiver[] => receivers().filter(({ source }) => !strangers.has(source.name));
  /** The last attempt ended with a server in trouble, not with no link. */
  let answered = false;
  let pauseMs = FIRST_PAUSE_MS;
  let posting: Promise<boolean> = Promise.resolve(true);
  let loop: Promise<void> = Promise.resolve();

  /** One batch, if there is one and somebody takes it. @returns whether everything so far is sent. */
  async function post(signal: AbortSignal): Promise<boolean> {
    const run = statusRun(records, manifest.mediaId);
    if (run === undefined) return true;
    sent ??= await readCursor(cursorFile, run, records.length);
    const first = sent;
    const events = batchOf(first, offered > first ? offered : Number.POSITIVE_INFINITY);
    if (events.length === 0) return true;
    offered = first + events.length;
    const machine = records.find(record => record.type === 'machine')?.facts;
    const { mediaId, name, site } = manifest;
    const head = JSON.stringify({
      format: 'prestage-status/1',
      run,
      media: { mediaId, name, site },
      machine: {
        serial: machine?.serial,
        uuid: machine?.uuid,
        manufacturer: machine?.manufacturer,
        model: machine?.model,
      },
    });
    const document = Buffer.from(`${head.slice(0, -1)},"events":[${events.join(',')}]}\n`);
    if (!(await deliver(document, `${run}-${first}-${offered}`, signal))) return false;
    sent = offered;
    await composition.durable.replaceFile(cursorFile, Buffer.from(JSON.stringify({ run, sent })));
    return sent >= records.length;
  }

  /** @returns events as JSON from record `first` on, at least one where there is one, below record `end`. */
  function batchOf(first: number, end: number): readonly string[] {
    const events: string[] = [];
    let bytes = 0;
    for (const record of records.slice(first, Math.min(first + BATCH, end))) {
      const text = JSON.stringify(statusEvent(record, composition.redact));
      bytes += Buffer.byteLength(text);
      if (bytes > BATCH_BYTES && events.length > 0) break;
      events.push(text);
    }
    return events;
  }

  async function deliver(document: Uint8Array, key: string, signal: AbortSignal): Promise<boolean> {
    answered = false;
    for (const { source, path: place } of takers()) {
      try {
        const status = await source.post?.(place, document, {
          timeoutMs: POST_TIMEOUT_MS,
          headers: { 'idempotency-key': key },
          signal,
        });
        if (status === undefined) {
          strangers.add(source.name);
          continue;
        }
        if (status >= 200 && status < 300) return true;
        // A server in trouble may recover. A static one has no status, and nobody need be warned of that.
        const unknown = status === 404 || status === 405;
        note(
          `${source.name} answers ${status} to status; it is kept on this disk.`,
          unknown ? 'info' : 'warning',
        );
        if (status >= 500 || status === 408 || status === 429) answered = true;
        else strangers.add(source.name);
      } catch (thrown) {
        const fault = asFault(thrown);
        if (fault.code === 'STOP-01') return false;
        note(`${source.name} does not take status now (${fault.code}); it is kept and sent later.`);
      }
    }
    return false;
  }

  function note(text: string, level: 'info' | 'warning' = 'warning'): void {
    if (!told) observe({ kind: 'note', level, component: 'status', text });
    told = true;
  }

  /** One post at a time: the cursor and the order are everything. */
  function inTurn(signal: AbortSignal): Promise<boolean> {
    const next = posting.catch(() => false).then(() => (takers().length === 0 ? false : post(signal)));
    posting = next;
    return next;
  }

  async function untilStopped(): Promise<void> {
    while (!stopping.signal.aborted) {
      const before = sent;
      const all = await inTurn(stopping.signal).catch(() => false);
      const isStuck = !all && sent === before && records.length > (sent ?? 0);
      pauseMs = !isStuck ? FIRST_PAUSE_MS : Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      await waited(pauseMs, stopping.signal, 'in the background');
    }
  }

  return {
    async say(message) {
      await journal?.append({ type: 'status', message });
    },
    async flush({ timeoutMs, signal }) {
      const limit = AbortSignal.timeout(timeoutMs);
      const bound = signal === undefined ? limit : AbortSignal.any([signal, limit]);
      // A post of the background that is under way has a longer patience than whoever waits here.
      const over = new Promise<false>(resolve => {
        bound.addEventListener('abort', () => resolve(false), { once: true });
      });
      let failures = 0;
      while (!bound.aborted && takers().length > 0) {
        const before = sent;
        if (await Promise.race([inTurn(bound).catch(() => false), over])) return true;
        if (sent !== before) continue;
        failures += 1;
        // A link that is down does not come back for asking; a server in trouble may, while there is time.
        if (takers().length === 0 || (!answered && failures === ATTEMPTS_WITHOUT_LINK)) break;
        await waited(FIRST_PAUSE_MS, bound, 'somebody waits');
      }
      return takers().length === 0 || records.length <= (sent ?? 0);
    },
    start() {
      loop = untilStopped();
    },
    async stop() {
      stopping.abort();
      await loop;
      await posting.catch(() => {
        // What could not be sent is kept; the note was made.
      });
    },
  };
}

/** A source that may take status, and the path below it. */
export interface Receiver {
  readonly source: Source;
  readonly path: string;
}

/** @returns where status goes when policy does not name another place: below each management point of the media. */
export function receiversOf(managementPoints: readonly Source[]): readonly Receiver[] {
  return managementPoints.map(source => ({ source, path: STATUS_PATH }));
}

/** @param url where policy says that status goes. */
export function receiverAt(
  url: string,
  openSource: (address: { readonly url: string; readonly priority: number }) => Source,
): Receiver {
  const end = url.replace(/\/+$/, '');
  const cut = end.lastIndexOf('/') + 1;
  // A host alone: the slashes are those behind the scheme.
  if (/^[^/]*\/\/$/.test(end.slice(0, cut)))
    return { source: openSource({ url: `${end}/`, priority: 0 }), path: '' };
  return { source: openSource({ url: end.slice(0, cut), priority: 0 }), path: decoded(end.slice(cut)) };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    // A percent sign that encodes nothing stands for itself.
    return name;
  }
}

/** A pause that an abort ends. In the background it does not keep the program from ending. */
async function waited(
  ms: number,
  signal: AbortSignal,
  where: 'in the background' | 'somebody waits',
): Promise<void> {
  await pause(ms, undefined, { signal, ref: where === 'somebody waits' }).catch(() => {
    // Aborted: the caller's own loop looks.
  });
}

async function readCursor(file: string, run: string, records: number): Promise<number> {
  try {
    const cursor = cursorSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    return cursor.run === run && cursor.sent <= records ? cursor.sent : 0;
  } catch {
    // Absent, torn or of an earlier journal: everything is sent again, and the receiver knows what it has.
    return 0;
  }
}
