// The sender alone, against a real receiver behind a server that can lose an answer.
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { openStatusSender, receiverAt } from '../../agent/commands/deployment/status-sender.ts';
import { openSource } from '../../agent/distribution/open-source.ts';
import type { Source } from '../../agent/distribution/source.ts';
import { defaultTransferSettings } from '../../agent/distribution/transfer-settings.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import type { MachineFacts } from '../../agent/facts/machine-facts.ts';
import { makeRedact } from '../../agent/fault/redact.ts';
import type { JournalEntry, JournalRecord } from '../../agent/journal/record.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { type Observe, unobserved } from '../../agent/progress/event.ts';
import { openStatusReceiver } from '../../agent/server/receive-status.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('status-sender');
const durable = openDurableFiles();
let server: Server;
let url = '';
let received = '';
/** Called for the first post, whose answer is lost then. */
let loseFirst: (() => void) | undefined;
const posts: { readonly key: string; readonly path: string; readonly status: number }[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    const receiver = openStatusReceiver({ folder: received, durable, observe: () => {} });
    response.on('close', () =>
      posts.push({
        key: String(request.headers['idempotency-key']),
        path: request.url ?? '',
        status: response.statusCode,
      }),
    );
    const told = loseFirst;
    loseFirst = undefined;
    if (told !== undefined) {
      told();
      const broken = { writeHead: () => ({ end: () => response.destroy() }) } as unknown as typeof response;
      return void receiver.receive(request, broken);
    }
    void receiver.receive(request, response);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
});
afterAll(() => server.close());
beforeEach(context => {
  received = path.join(folder, context.task.id);
  posts.length = 0;
  loseFirst = undefined;
});

const open = (address: { readonly url: string; readonly priority: number }): Source =>
  openSource(address, { settings: defaultTransferSettings, clock: systemClock, random: () => 0 });

function senderOf(records: readonly JournalRecord[], place = `${url}/status`, observe: Observe = unobserved) {
  const receiver = receiverAt(place, open);
  return openStatusSender(
    {
      composition: { durable, redact: makeRedact() },
      manifest: { mediaId: '0e6f3a51-9f0c-4d4e-8f5a-2f7d3c1b9a10', name: 'depot', site: 'CON' },
      layout: { own: `${received}.own` },
      records,
      observe,
    } as unknown as Parameters<typeof openStatusSender>[0],
    () => [receiver],
  );
}

function journalOf(...entries: readonly JournalEntry[]): JournalRecord[] {
  return entries.map((entry, n) => ({ ...entry, n, at: '2026-03-01T12:00:00.000Z' }));
}

const BEGAN = { type: 'run-started', command: 'deploy', version: '1', system: 'winpe' } as const;
const says = (message: string): JournalEntry => ({ type: 'status', message });
const PATIENCE = { timeoutMs: 5_000 };

async function keptLines(): Promise<readonly Record<string, unknown>[]> {
  const files = await readdir(received);
  expect(files).toHaveLength(1);
  const text = await readFile(path.join(received, files[0] ?? ''), 'utf8');
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line));
}

test('a post that was taken and not acknowledged is sent again as it was, whatever was journaled since', async () => {
  await durable.makeFolder(`${received}.own`);
  const records = journalOf(BEGAN, says('one'));
  const sender = senderOf(records);
  loseFirst = () => records.push(...journalOf(BEGAN, says('one'), says('two'), says('three')).slice(2));
  expect(await sender.flush(PATIENCE)).toBe(true);
  expect(new Set(posts.slice(0, 2).map(({ key }) => key)).size).toBe(1);
  expect(posts.length).toBe(3);
  expect((await keptLines()).flatMap(({ n }) => (n === undefined ? [] : [n]))).toEqual([0, 1, 2, 3]);
});

test('whoever waits does so no longer than asked, also behind a post that nobody answers', async () => {
  await durable.makeFolder(`${received}.own`);
  const asked = Promise.withResolvers<void>();
  const silent = createServer(() => asked.resolve());
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void silent.close());
  const { port } = silent.address() as AddressInfo;
  const told: unknown[] = [];
  const sender = senderOf(journalOf(BEGAN), `http://127.0.0.1:${port}/status`, event => told.push(event));
  sender.start();
  await asked.promise;
  expect(await sender.flush({ timeoutMs: 100 })).toBe(false);
  // Nobody has given that post up yet.
  expect(told).toEqual([]);
  await sender.stop();
});

test('what is sent before the computer has said what it is belongs to the same deployment', async () => {
  await durable.makeFolder(`${received}.own`);
  const { facts } = { facts: { serial: 'SN-0042', model: 'Book 14' } } as unknown as { facts: MachineFacts };
  const entries = [{ ...BEGAN, lot: 'x7' }, { type: 'machine', facts }, says('two')] as const;
  const records = journalOf(entries[0]);
  const sender = senderOf(records);
  expect(await sender.flush(PATIENCE)).toBe(true);
  records.push(...journalOf(...entries).slice(1));
  expect(await sender.flush(PATIENCE)).toBe(true);
  const lines = await keptLines();
  expect(lines.flatMap(({ n }) => (n === undefined ? [] : [n]))).toEqual([0, 1, 2]);
  expect(lines).toContainEqual(expect.objectContaining({ machine: { serial: 'SN-0042', model: 'Book 14' } }));
  // Another computer that began in the same millisecond.
  const other = senderOf(journalOf({ ...BEGAN, lot: 'y8' }));
  await other.flush(PATIENCE);
  expect(await readdir(received)).toHaveLength(2);
});

test('what a rotten OS image comes to, and a fault of megabytes, reach a receiver that takes one', async () => {
  await durable.makeFolder(`${received}.own`);
  const bad = Array.from({ length: 20_000 }, (_, at) => ({
    file: 'install.wim',
    offset: at * 65_536,
    length: 65_536,
    expected: 'a'.repeat(64),
    found: 'b'.repeat(64),
  }));
  const issues = Array.from({ length: 50_000 }, (_, at) => `steps[${at}]: expected another thing`);
  const records = journalOf(
    BEGAN,
    { type: 'image-validated', id: 'CON00001', file: 'install.wim', chunks: 20_000, bad },
    {
      type: 'run-failed',
      fault: { code: 'TRUST-10', title: 'x', subject: 'policy.json', detail: { issues }, causes: [] },
    },
    ...Array.from({ length: 60 }, () => says('x'.repeat(30_000))),
    says('last'),
  );
  expect(await senderOf(records).flush(PATIENCE)).toBe(true);
  expect(posts.every(({ status }) => status === 200)).toBe(true);
  const lines = await keptLines();
  expect(lines.find(({ type }) => type === 'image-validated')).toMatchObject({ badRanges: 20_000 });
  expect(lines.find(({ type }) => type === 'run-failed')).toMatchObject({ leftOutBytes: expect.any(Number) });
  expect(lines.at(-1)).toMatchObject({ message: 'last' });
});

test.each([
  ['', '/'],
  ['/', '/'],
  ['/status/', '/status'],
  ['/a%20b', '/a%20b'],
  ['/a%zz', '/a%25zz'],
])('status goes to an address that ends in "%s"', async (end, expected) => {
  await durable.makeFolder(`${received}.own`);
  expect(await senderOf(journalOf(BEGAN), `${url}${end}`).flush(PATIENCE)).toBe(true);
  expect(posts.map(each => each.path)).toEqual([expected]);
});
