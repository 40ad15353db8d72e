import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SeenRequest } from '../support/misbehaving-server.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { expectRefusal } from './judge.ts';
import { AT_DISK, playCase } from './play-case.ts';
import { runPrestage } from './run-prestage.ts';
import { CONTENT_SERVER_CASES, POLICY_SERVER_CASES, SURVIVED } from './server-cases.ts';
import { snapshotOf } from './snapshot.ts';
import { openWorld, type World } from './world.ts';

const folder = tempFolder('server-cases');
let world: World;
beforeAll(async () => {
  world = await openWorld(folder);
});
afterAll(() => world?.close());

test.each(POLICY_SERVER_CASES)(
  '$title is named, and nothing is planned or fetched',
  async ({ server, ...told }) => {
    await playCase(world, { ...told, world: { worn: true, server }, unchanged: 'all-but-records' });
    expect(world.answeredWell()).toEqual([]);
  },
);

test('a machine that found no policy is deployed when there is one', async () => {
  const server = [{ on: /^policy\//, does: { kind: 'status', status: 500 } as const }];
  const { folder: cwd, disk } = await world.lay({ worn: true, server });
  expect(await runPrestage(['deploy', ...AT_DISK], { cwd })).toMatchObject({ code: 40 });
  world.mendServer();
  expect(await runPrestage(['deploy', ...AT_DISK], { cwd })).toMatchObject({ code: 3 });
  expectApplied(disk);
});

test.each(CONTENT_SERVER_CASES)(
  '$title is named; the next run ends well and fetches nothing twice',
  async ({ server, title: _title, ...told }) => {
    const { folder: cwd, disk } = await world.lay({
      worn: true,
      server,
      disk: { 'volumes/windows/old.txt': 'of the old system' },
    });
    expectRefusal(await runPrestage(['deploy', ...AT_DISK], { cwd }), told);
    // Nothing is wiped for a deployment that cannot be completed.
    expect(readFileSync(path.join(disk, 'volumes/windows/old.txt'), 'utf8')).toBe('of the old system');

    const first = world.answeredWell();
    world.mendServer();
    expect(await runPrestage(['deploy', ...AT_DISK], { cwd })).toMatchObject({ code: 3 });
    const second = world.answeredWell().slice(first.length);
    expect(second.filter(request => first.some(earlier => overlap(earlier, request)))).toEqual([]);
    expectApplied(disk);
  },
);

test.each(SURVIVED)('a server that $title is survived in one run', async ({ server }) => {
  const moved = readFileSync(path.join(world.site.point, 'policy/2/policy.json'));
  const { folder: cwd, disk } = await world.lay({
    worn: true,
    server,
    point: { 'moved/policy.json': moved },
  });
  expect(await runPrestage(['deploy', ...AT_DISK], { cwd })).toMatchObject({ code: 3 });
  expectApplied(disk);
});

test('plan tells the same fault of a server and changes nothing', async () => {
  const { folder: cwd, disk } = await world.lay({
    server: [{ on: /^policy\//, does: { kind: 'status', status: 403 } }],
  });
  const before = snapshotOf(disk);
  const ended = await runPrestage(['plan', ...AT_DISK], { cwd });
  expectRefusal(ended, {
    exitCode: 40,
    fault: 'NET-03',
    subject: 'policy/current.json',
    says: ['status: 403'],
  });
  expect(snapshotOf(disk)).toEqual(before);
});

test('a run that is stopped by a signal says so and loses nothing', async () => {
  const { folder: cwd, disk } = await world.lay({
    worn: true,
    server: [{ on: /CON00002\/1\.1\/files/, does: { kind: 'stall' } }],
  });
  const plain = AT_DISK.filter(word => word !== '--json');
  const ended = await runPrestage(['deploy', ...plain], { cwd, stopAt: 'CON00002' });
  expectRefusal(ended, { exitCode: 4, fault: 'STOP-01', subject: /./ });
  const first = world.answeredWell();
  world.mendServer();
  expect(await runPrestage(['deploy', ...AT_DISK], { cwd })).toMatchObject({ code: 3 });
  const second = world.answeredWell().slice(first.length);
  expect(second.filter(request => first.some(earlier => overlap(earlier, request)))).toEqual([]);
  expectApplied(disk);
});

/** The reference tree lies on the volume, file by file. */
function expectApplied(disk: string): void {
  const applied = snapshotOf(path.join(disk, 'volumes/windows'));
  for (const [name, digest] of Object.entries(snapshotOf(world.site.osTree)))
    expect(applied[name], name).toBe(digest);
}

/** Whether two requests are for some of the same bytes. */
function overlap(a: SeenRequest, b: SeenRequest): boolean {
  const [first, second] = [rangeOf(a), rangeOf(b)];
  return a.path === b.path && first.start <= second.end && second.start <= first.end;
}

function rangeOf({ range }: SeenRequest): { readonly start: number; readonly end: number } {
  const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
  return start === undefined || end === undefined
    ? { start: 0, end: Number.POSITIVE_INFINITY }
    : { start: Number(start), end: Number(end) };
}
