// `prestage serve` tells where it serves and ends cleanly.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addServe } from '../../agent/commands/serve.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import type { ProgressEvent } from '../../agent/progress/event.ts';
import { faultOf } from '../support/sources.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'serve-'));
  await writeFile(path.join(folder, 'a.json'), '{}');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function run(args: readonly string[], signal: AbortSignal) {
  const events: ProgressEvent[] = [];
  let announce = (_line: string): void => {};
  const said = new Promise<string>(resolve => {
    announce = resolve;
  });
  const program = new Command();
  addServe(
    program,
    async () => ({
      print: announce,
      observe: event => events.push(event),
      signal,
      durable: openDurableFiles(),
    }),
    () => {},
  );
  return { ended: program.parseAsync(['serve', ...args], { from: 'user' }), said, events };
}

it('serves until it is asked to stop, and logs each request', async () => {
  const stop = new AbortController();
  const { ended, said, events } = run([folder, '--port', '0'], stop.signal);
  const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(await said)?.[0];
  expect(await (await fetch(`${url}a.json`)).text()).toBe('{}');
  expect((await fetch(`${url}b.json`)).status).toBe(404);
  stop.abort();
  await ended;
  expect(events.map(event => (event.kind === 'note' ? `${event.level} ${event.text}` : event.kind))).toEqual([
    'info GET /a.json 200',
    'warning GET /b.json 404',
  ]);
  await expect(fetch(`${url}a.json`)).rejects.toThrow();
});

it.each([['-1'], ['65536'], ['x'], ['']])('refuses port %s', async port => {
  const { ended } = run([folder, `--port=${port}`], AbortSignal.abort());
  expect((await faultOf(ended)).code).toBe('USAGE-01');
});

it('refuses a folder that is not there, and a file', async () => {
  expect((await faultOf(run([path.join(folder, 'none')], AbortSignal.abort()).ended)).code).toBe('USAGE-08');
  expect((await faultOf(run([path.join(folder, 'a.json')], AbortSignal.abort()).ended)).code).toBe(
    'USAGE-08',
  );
});

it('refuses a port that is taken', async () => {
  const stop = new AbortController();
  const first = run([folder, '--port', '0'], stop.signal);
  const port = /:(\d+)\//.exec(await first.said)?.[1] ?? '';
  expect((await faultOf(run([folder, '--port', port], stop.signal).ended)).code).toBe('USAGE-01');
  stop.abort();
  await first.ended;
});

it('keeps received status nowhere where it would be served', async () => {
  const stop = new AbortController();
  stop.abort();
  for (const kept of [folder, path.join(folder, 'received'), path.join(folder, 'a/.b')]) {
    const { ended } = run([folder, '--port', '0', '--status', kept], stop.signal);
    await expect(ended).rejects.toMatchObject({
      code: 'USAGE-01',
      subject: '--status',
      detail: { found: kept },
    });
  }
  for (const kept of [path.join(folder, '.received'), `${folder}-received`])
    await run([folder, '--port', '0', '--status', kept], stop.signal).ended;
});
