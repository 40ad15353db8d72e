// Receives status: takes each event once, over restarts of the server too, and appends it to a file of its run.
import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { nativeCodeOf } from '../durable/disk-fault.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import type { Observe } from '../progress/event.ts';

/** Cap on what is posted, before it is parsed. */
export const STATUS_MAX_BYTES = 1024 * 1024;

const text = z.string().max(256);

/** What machines post; see report/status-events.ts. Fields of an event beyond its frame are kept as they are. */
export const statusSchema = z.strictObject({
  format: z.literal('prestage-status/1'),
  run: z.string().regex(/^[0-9a-f]{32}$/),
  media: z.strictObject({ mediaId: text, name: text, site: text }),
  machine: z.strictObject({
    serial: text.optional(),
    uuid: text.optional(),
    manufacturer: text.optional(),
    model: text.optional(),
  }),
  events: z
    .array(z.looseObject({ n: z.int().min(0), at: z.string().max(64), type: z.string().max(64) }))
    .min(1)
    .max(1000),
});

export interface StatusReceiver {
  /** Answers 200 `{received, duplicates}` once the events are on the disk, 400 with the reason, 413, 500. */
  receive(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

export interface StatusReceiverOptions {
  /** One file a run, `<run>.ndjson`, made when absent: first who it is, then an event a line. */
  readonly folder: string;
  readonly durable: DurableFiles;
  readonly observe: Observe;
}

/** What of a run is on the disk. */
interface Kept {
  readonly numbers: Set<number>;
  /** A line of the file says which computer it is. */
  named: boolean;
}

/** Runs whose numbers are kept in memory; those of others are read again from their files. */
const RUNS_IN_MEMORY = 1000;

/** More events than any deployment has: beyond them somebody fills the disk. */
const EVENTS_OF_A_RUN = 100_000;

/** Posts of one run are taken one after the other, so that none is written twice. */
export function openStatusReceiver({ folder, durable, observe }: StatusReceiverOptions): StatusReceiver {
  const seen = new Map<string, Kept>();
  const busy = new Map<string, Promise<unknown>>();

  async function keptOf(run: string, file: string): Promise<Kept> {
    const kept = seen.get(run) ?? (await keptIn(file));
    // The last one asked for stands last.
    seen.delete(run);
    seen.set(run, kept);
    for (const oldest of seen.keys()) {
      if (seen.size <= RUNS_IN_MEMORY) break;
      seen.delete(oldest);
    }
    return kept;
  }

  async function take(
    status: z.infer<typeof statusSchema>,
  ): Promise<{ received: number; duplicates: number } | undefined> {
    const file = path.join(folder, `${status.run}.ndjson`);
    const kept = await keptOf(status.run, file);
    const known = kept.numbers;
    const fresh = status.events.filter(
      (event, at) => !known.has(event.n) && status.events.findIndex(other => other.n === event.n) === at,
    );
    if (fresh.length > 0) {
      if (known.size + fresh.length > EVENTS_OF_A_RUN) return undefined;
      const { media, machine } = status;
      // The first post may come before the computer has said what it is.
      const names = !kept.named && Object.keys(machine).length > 0;
      const lines = [
        // A line that a cut left torn must not spoil the next one.
        ...(known.size === 0 ? [] : ['']),
        ...(known.size === 0 || names ? [lineOf({ run: status.run, media, machine })] : []),
        ...fresh.map(lineOf),
      ];
      await durable.makeFolder(folder);
      await durable.append(file, Buffer.from(`${lines.join('\n')}\n`));
      for (const event of fresh) known.add(event.n);
      kept.named ||= names;
      tell(status.machine.serial ?? status.run, fresh, observe);
    }
    return { received: fresh.length, duplicates: status.events.length - fresh.length };
  }

  return {
    async receive(request, response) {
      const bytes = await bodyOf(request);
      if (bytes === undefined) return answer(response, 413, { reason: `at most ${STATUS_MAX_BYTES} bytes` });
      const decoded = statusSchema.safeParse(jsonOf(bytes));
      if (!decoded.success) return answer(response, 400, { reason: z.prettifyError(decoded.error) });
      const status = decoded.data;
      const before = busy.get(status.run) ?? Promise.resolve();
      const taking = before.catch(() => {}).then(() => take(status));
      busy.set(status.run, taking);
      try {
        const taken = await taking;
        if (taken === undefined)
          answer(response, 413, { reason: `at most ${EVENTS_OF_A_RUN} events of a run` });
        else answer(response, 200, taken);
      } finally {
        if (busy.get(status.run) === taking) busy.delete(status.run);
      }
    },
  };
}

/** JSON on one line, also for readers that take U+2028 and U+2029 for ends of lines. */
function lineOf(value: object): string {
  return JSON.stringify(value).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/** What the whole lines of a run's file tell; an absent file has none. */
async function keptIn(file: string): Promise<Kept> {
  const numbers = new Set<number>();
  let named = false;
  const stream = createReadStream(file, 'utf8');
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      const number = /^\{"n":(\d+),.*\}$/.exec(line)?.[1];
      if (number !== undefined) numbers.add(Number(number));
      named ||= /^\{"run":.*"machine":\{".*\}\}$/.test(line);
    }
  } catch (error) {
    if (nativeCodeOf(error) !== 'ENOENT') throw error;
  }
  return { numbers, named };
}

/** undefined for what is not JSON, which the schema then refuses. */
function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const pieces: Buffer[] = [];
  let lengthBytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    lengthBytes += piece.length;
    // Read to its end, so that the answer is heard; what is too much is not kept.
    if (lengthBytes <= STATUS_MAX_BYTES) pieces.push(piece);
    if (lengthBytes > 16 * STATUS_MAX_BYTES) throw new Fault('TRUST-08', 'status', { found: 'endless' });
  }
  return lengthBytes > STATUS_MAX_BYTES ? undefined : Buffer.concat(pieces);
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}

/** What a person at the server wants to see: runs that begin, fail and end. */
function tell(
  machine: string,
  events: readonly { readonly type: string; readonly [field: string]: unknown }[],
  observe: Observe,
): void {
  for (const event of events) {
    const said = sentence(event);
    if (said === undefined) continue;
    observe({
      kind: 'note',
      level: event.type.endsWith('failed') ? 'warning' : 'info',
      component: 'status',
      text: `${machine}: ${said}`,
    });
  }
}

function sentence(event: { readonly type: string; readonly [field: string]: unknown }): string | undefined {
  const { fault } = event;
  const code = wordOf(
    typeof fault === 'object' && fault !== null && 'code' in fault ? fault.code : undefined,
  );
  switch (event.type) {
    case 'run-started':
      return `${wordOf(event.command)} began`;
    case 'run-failed':
      return `failed with ${code}`;
    case 'action-failed':
      return `${wordOf(event.action)} failed with ${code}`;
    case 'status':
      return wordOf(event.message);
    case 'completed':
      return 'completed';
    default:
      return undefined;
  }
}

const LONGEST_WORD = 1024;

/** Anybody can post anything: only text is text. */
function wordOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, LONGEST_WORD) : 'something unknown';
}
