// A worker thread keeps its connection from one portion to the next.
import { expect, it } from 'vitest';
import { spawnWorker } from '../../agent/content/spawn-worker.ts';
import { openThreadPool } from '../../agent/content/thread-pool.ts';
import { acquire } from '../../agent/distribution/acquire.ts';
import { openSource } from '../../agent/distribution/open-source.ts';
import { acquireWorld, differences, filesBelow, publishItem } from '../support/content-kit.ts';
import { startMisbehavingServer } from '../support/misbehaving-server.ts';
import { seeded } from '../support/seeded.ts';
import { servePoint } from '../support/serve-point.ts';
import { impatient } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('thread-connections');

it.each(['keeps it', 'loses it midway'] as const)('a thread that %s makes the item whole', async kind => {
  const { bytes } = seeded(8);
  const item = await publishItem(`${ground}/${kind}/dp`, { 'install.wim': bytes(64 * 1024 * 1024) });
  const files = new Map<string, Uint8Array>();
  await servePoint(`${ground}/${kind}/dp`, files);
  const server = await startMisbehavingServer({
    files,
    behave: ({ path, number }) =>
      kind === 'loses it midway' && path.endsWith('install.wim') && number % 3 === 0
        ? { kind: 'reset', afterBytes: 2_000_000 }
        : undefined,
  });
  const pool = openThreadPool({ size: 2, spawn: spawnWorker });
  // Server and client share a process here.
  const settings = { ...impatient, stallTimeoutMs: 10_000 };
  const world = acquireWorld(`${ground}/${kind}/volume`, [], { pool, settings });
  const source = openSource({ url: server.url, priority: 1 }, world);
  try {
    const { reference, manifest } = item;
    await acquire({ reference, manifest }, { ...world, sources: [source] });
    expect(differences(await filesBelow(world.layout.item(reference.id)), item.files)).toEqual([]);
    const portions = server.requests.filter(({ path }) => path.endsWith('install.wim')).length;
    expect(portions).toBeGreaterThanOrEqual(8);
    // One for each thread, and as many at the most for what this thread asks for itself.
    if (kind === 'keeps it') expect(server.connections()).toBeLessThanOrEqual(4);
  } finally {
    await pool.close();
    await source.close();
    await server.close();
  }
});
