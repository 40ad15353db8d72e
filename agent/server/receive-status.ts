// Receives status: takes each event once, over restarts of the server too, and appends it to a file of its run.
import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
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

/** Posts of one run are taken one after the other, so that none is written twice. */
export function openStatusReceiver({ folder, durable, observe }: StatusReceiverOptions): StatusReceiver {
  const seen = new Map<string, Set<number>>();
  const busy = new Map<string, Promise<unknown>>();

  async function take(
    status: z.infer<typeof statusSchema>,
  ): Promise<{ received: number; duplicates: number }> {
    const file = path.join(folder, `${status.run}.ndjson`);
    const known = seen.get(status.run) ?? (await numbersIn(file));
    seen.set(status.run, known);
    const fresh = status.events.filter(
      (event, at) => !known.has(event.n) && status.events.findIndex(other => other.n === event.n) === at,
    );
    if (fresh.length > 0) {
      const { media, machine } = status;
      const lines = [
        // A line that a cut left torn must not spoil the next one.
        ...(known.size === 0 ? [JSON.stringify({ run: status.run, media, machine })] : ['']),
        ...fresh.map(event => JSON.stringify(event)),
      ];
      await durable.makeFolder(folder);
      await durable.append(file, Buffer.from(`${lines.join('\n')}\n`));
      for (const event of fresh) known.add(event.n);
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
      answer(response, 200, await taking);
    },
  };
}

/** Numbers of the whole lines that a run's file has; an absent file has none. */
async function numbersIn(file: string): Promise<Set<number>> {
  const numbers = new Set<number>();
  const stream = createReadStream(file, 'utf8');
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      const number = /^\{"n":(\d+),.*\}$/.exec(line)?.[1];
      if (number !== undefined) numbers.add(Number(number));
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  return numbers;
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
  const code = (event.fault as { readonly code?: unknown } | undefined)?.code;
  switch (event.type) {
    case 'run-started':
      return `${event.command} began`;
    case 'run-failed':
      return `failed with ${code}`;
    case 'action-failed':
      return `${event.action} failed with ${code}`;
    case 'status':
      return String(event.message);
    case 'completed':
      return 'completed';
    default:
      return undefined;
  }
}
