import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import type { ProgressEvent } from '../../agent/progress/event.ts';
import { openStatusReceiver, STATUS_MAX_BYTES } from '../../agent/server/receive-status.ts';
import { type FolderServer, serveFolder } from '../../agent/server/serve-folder.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('receive-status');
const RUN = '0123456789abcdef0123456789abcdef';
const events: ProgressEvent[] = [];
let server: FolderServer;

async function start(): Promise<void> {
  const observe = (event: ProgressEvent): void => void events.push(event);
  const status = openStatusReceiver({
    folder: path.join(folder, 'point/.status'),
    durable: openDurableFiles(),
    observe,
  });
  server = await serveFolder({
    folder: path.join(folder, 'point'),
    port: 0,
    host: '127.0.0.1',
    observe,
    status,
  });
}
beforeAll(async () => {
  await mkdir(path.join(folder, 'point'), { recursive: true });
  await start();
});
afterAll(() => server.close());

const status = (...numbers: readonly number[]): object => ({
  format: 'prestage-status/1',
  run: RUN,
  media: { mediaId: 'm', name: 'depot', site: 'CON' },
  machine: { serial: 'SN-0042' },
  events: numbers.map(n => ({ n, at: '2026-03-01T12:00:00.000Z', type: 'status', message: `event ${n}` })),
});

async function post(body: string | object, place = 'status'): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${server.url}/${place}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text };
}

async function kept(): Promise<readonly number[]> {
  const text = await readFile(path.join(folder, 'point/.status', `${RUN}.ndjson`), 'utf8');
  return text
    .split('\n')
    .filter(line => line.startsWith('{"n"'))
    .map(line => JSON.parse(line).n);
}

test('events are kept in their order, each once, however often they are posted', async () => {
  expect(await post(status(0, 1))).toEqual({ status: 200, body: { received: 2, duplicates: 0 } });
  expect(await post(status(1, 2, 2))).toEqual({ status: 200, body: { received: 1, duplicates: 2 } });
  const together = await Promise.all([post(status(3)), post(status(3)), post(status(3, 4))]);
  expect(together.map(({ status: code }) => code)).toEqual([200, 200, 200]);
  expect(await kept()).toEqual([0, 1, 2, 3, 4]);
});

test('a server that starts again knows what it has', async () => {
  await server.close();
  await start();
  expect(await post(status(3, 4, 5))).toEqual({ status: 200, body: { received: 1, duplicates: 2 } });
  expect(await kept()).toEqual([0, 1, 2, 3, 4, 5]);
});

test('a line that a cut left torn is not taken for an event, and spoils none', async () => {
  await server.close();
  const file = path.join(folder, 'point/.status', `${RUN}.ndjson`);
  await writeFile(file, `${await readFile(file, 'utf8')}{"n":6,"at":"2026-`);
  await start();
  expect(await post(status(6, 7))).toMatchObject({ status: 200, body: { received: 2 } });
  const text = await readFile(file, 'utf8');
  expect(text.match(/^\{"n":6,.*\}$/gm)).toHaveLength(1);
});

test.each([
  ['no JSON', 'hello', /./],
  ['another format', { format: 'prestage-status/2' }, /format/],
  ['a run that would be a path', { ...status(1), run: '../../etc/passwd' }, /run/],
  ['no events', { ...status(), events: [] }, /events/],
])('%s is refused with the reason', async (_name, body, reason) => {
  const answer = await post(body);
  expect(answer).toMatchObject({ status: 400, body: { reason: expect.stringMatching(reason) } });
});

test('too much is refused before it is parsed', async () => {
  const body = JSON.stringify({ ...status(1), comment: 'x'.repeat(STATUS_MAX_BYTES) });
  expect((await post(body).catch(() => ({ status: 413 }))).status).toBe(413);
});

test('what was received is not served, and other places take no POST', async () => {
  expect((await fetch(`${server.url}/.status/${RUN}.ndjson`)).status).toBe(404);
  expect((await post(status(1), 'policy/status')).status).toBe(405);
});

test('a person at the server sees whose events they are', async () => {
  const texts = events.map(event => (event.kind === 'note' ? event.text : ''));
  expect(texts).toContain('SN-0042: event 0');
  await rm(path.join(folder, 'point/.status'), { recursive: true });
});

test('a message with line separators is known again after a restart', async () => {
  const event = { n: 70, at: '2026-03-01T12:00:00.000Z', type: 'status', message: 'one\u2028two\u2029three' };
  const posted = { ...status(0), events: [event] };
  expect(await post(posted)).toMatchObject({ body: { received: 1 } });
  await server.close();
  await start();
  expect(await post(posted)).toEqual({ status: 200, body: { received: 0, duplicates: 1 } });
});

test('what is no text is taken and told as something unknown', async () => {
  const odd = { toString: 1 };
  const posted = {
    ...status(0),
    events: [
      { n: 80, at: '', type: 'status', message: odd },
      { n: 81, at: '', type: 'action-failed', action: odd, fault: null },
      { n: 82, at: '', type: 'run-failed', fault: { code: odd } },
    ],
  };
  expect(await post(posted)).toEqual({ status: 200, body: { received: 3, duplicates: 0 } });
  expect(events).toContainEqual(expect.objectContaining({ text: 'SN-0042: failed with something unknown' }));
});

test('a run has no end of events, and then no more are taken', async () => {
  const run = 'f'.repeat(32);
  const lines = Array.from({ length: 100_000 }, (_, n) => `{"n":${n},"at":"","type":"status"}`);
  await writeFile(path.join(folder, 'point/.status', `${run}.ndjson`), `${lines.join('\n')}\n`);
  expect(await post({ ...status(99_999), run })).toMatchObject({ body: { duplicates: 1 } });
  expect(await post({ ...status(100_000), run })).toMatchObject({ status: 413 });
});

test('the file says which computer it is once that is known', async () => {
  const run = 'e'.repeat(32);
  const at = { at: '', type: 'status', message: 'x' };
  await post({ ...status(0), run, machine: {}, events: [{ n: 0, ...at }] });
  await post({ ...status(0), run, events: [{ n: 1, ...at }] });
  await server.close();
  await start();
  await post({ ...status(0), run, events: [{ n: 2, ...at }] });
  const text = await readFile(path.join(folder, 'point/.status', `${run}.ndjson`), 'utf8');
  expect(text.match(/"serial":"SN-0042"/g)).toHaveLength(1);
});

test('the received events are served under no other name either', async () => {
  await symlink('.status', path.join(folder, 'point', 'STATUS~1'));
  expect((await fetch(`${server.url}/STATUS~1/${RUN}.ndjson`)).status).toBe(404);
});
