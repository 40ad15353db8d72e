// A worker thread keeps its connection from one portion to the next, and what it waits for is told.
import { expect, it } from 'vitest';
import { spawnWorker } from '../../agent/content/spawn-worker.ts';
import { openThreadPool } from '../../agent/content/thread-pool.ts';
import { acquire } from '../../agent/distribution/acquire.ts';
import { openSource } from '../../agent/distribution/open-source.ts';
import type { Fault } from '../../agent/fault/fault.ts';
import { acquireWorld, differences, filesBelow, publishItem } from '../support/content-kit.ts';
import { startMisbehavingServer } from '../support/misbehaving-server.ts';
import type { Misbehaviour } from '../support/misbehaviour.ts';
import { seeded } from '../support/seeded.ts';
import { servePoint } from '../support/serve-point.ts';
import { impatient } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('thread-connections');

const WRONG = {
  'keeps its connection': undefined,
  'loses it midway': { kind: 'reset', afterBytes: 2_000_000 },
  'is sent away': { kind: 'status', status: 503 },
} as const satisfies Readonly<Record<string, Misbehaviour | undefined>>;
const KINDS = ['keeps its connection', 'loses it midway', 'is sent away'] as const;

it.each(KINDS)('a thread that %s makes the item whole', async kind => {
  const { bytes } = seeded(8);
  const item = await publishItem(`${ground}/${kind}/dp`, { 'install.wim': bytes(64 * 1024 * 1024) });
  const files = new Map<string, Uint8Array>();
  await servePoint(`${ground}/${kind}/dp`, files);
  const server = await startMisbehavingServer({
    files,
    behave: ({ path, number }) =>
      path.endsWith('install.wim') && number % 3 === 0 ? WRONG[kind] : undefined,
  });
  const pool = openThreadPool({ size: 2, spawn: spawnWorker });
  // Server and client share a process here.
  const settings = { ...impatient, stallTimeoutMs: 10_000 };
  const world = acquireWorld(`${ground}/${kind}/volume`, [], { pool, settings });
  const pauses: string[] = [];
  const told = (name: string, fault: Fault): void => void pauses.push(`${name} ${fault.code}`);
  const source = openSource({ url: server.url, priority: 1 }, world);
  try {
    const { reference, manifest } = item;
    await acquire({ reference, manifest }, { ...world, sources: [source], pauses: told });
    expect(differences(await filesBelow(world.layout.item(reference.id)), item.files)).toEqual([]);
    const portions = server.requests.filter(({ path }) => path.endsWith('install.wim')).length;
    expect(portions).toBeGreaterThanOrEqual(8);
    // One for each thread, and as many at the most for what this thread asks for itself.
    if (kind === 'keeps its connection') expect(server.connections()).toBeLessThanOrEqual(4);
    const code = { 'keeps its connection': [], 'loses it midway': ['NET-06'], 'is sent away': ['NET-04'] }[
      kind
    ];
    expect([...new Set(pauses)]).toEqual(code.map(each => `${server.url} ${each}`));
  } finally {
    await pool.close();
    await source.close();
    await server.close();
  }
});
