// A server never sees more connections at once than it may, those at rest among them: whatever is fetched, in whichever way, and by whichever thread.
import { expect, it } from 'vitest';
import { spawnWorker } from '../../agent/content/spawn-worker.ts';
import { openThreadPool } from '../../agent/content/thread-pool.ts';
import { acquire } from '../../agent/distribution/acquire.ts';
import { openSource } from '../../agent/distribution/open-source.ts';
import { acquireWorld, differences, filesBelow } from '../support/content-kit.ts';
import { startMisbehavingServer } from '../support/misbehaving-server.ts';
import { packedPoint } from '../support/packed-point.ts';
import { seeded } from '../support/seeded.ts';
import { makeSelfSigned } from '../support/self-signed.ts';
import { servePoint } from '../support/serve-point.ts';
import { impatient } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('open-connections');
const { bytes } = seeded(11);
/** Large ones whose indexes are asked for together, and small ones of which half can be compressed. */
const content = Object.fromEntries([
  ...Array.from({ length: 5 }, (_, n) => [`${n}.wim`, bytes(8 * 1024 * 1024)]),
  ...Array.from({ length: 60 }, (_, n) => [`${n}.dll`, Buffer.concat([bytes(9000 + n), Buffer.alloc(9000)])]),
]);
const files = new Map<string, Uint8Array>();
/** The same item with packs and without, at as many places of one server as any case asks. */
const published = Promise.all(
  [true, false].map(async packs => {
    const { point, publish } = packedPoint(`${ground}/${packs}`);
    const version = await publish('1', content, { packs });
    const served = new Map<string, Uint8Array>();
    await servePoint(point, served);
    for (const [name, held] of served)
      for (const place of [0, 1, 2]) files.set(`${packs}/${place}/${name}`, held);
    return version;
  }),
);
const tls = makeSelfSigned();

const servers = [
  { connections: 1, points: 1, kind: 'http' },
  { connections: 2, points: 1, kind: 'http' },
  { connections: 3, points: 1, kind: 'http' },
  { connections: 4, points: 1, kind: 'http' },
  { connections: 4, points: 2, kind: 'http' },
  { connections: 3, points: 3, kind: 'http' },
  { connections: 4, points: 1, kind: 'http, in pieces' },
  { connections: 3, points: 1, kind: 'https' },
  { connections: 5, points: 2, kind: 'https' },
] as const;

it.each(servers.flatMap(each => [true, false].map(packs => ({ ...each, packs }))))(
  '$connections to $points points on one server, $kind, packs: $packs',
  async ({ connections, points, kind, packs }) => {
    const { reference, manifest, files: wanted } = (await published)[packs ? 0 : 1]!;
    const server = await startMisbehavingServer({
      files,
      behave: ({ path }) =>
        kind === 'http, in pieces' && !path.includes('/files/') ? { kind: 'chunked', surplus: 0 } : undefined,
      ...(kind === 'https' ? { tls } : {}),
    });
    const pool = openThreadPool({ size: 2, spawn: spawnWorker });
    const settings = { ...impatient, stallTimeoutMs: 10_000, connections };
    const effects = { ...acquireWorld(ground, []), pool, settings };
    const sources = Array.from({ length: points }, (_, n) => {
      const address = { url: `${server.url}/${packs}/${n}`, priority: 1 };
      return openSource(kind === 'https' ? { ...address, ca: tls.cert } : address, effects);
    });
    try {
      // One after the other, as the items of a deployment.
      for (const volume of ['first', 'second']) {
        const { layout } = acquireWorld(`${ground}/${connections} ${points} ${kind} ${packs} ${volume}`, []);
        await acquire({ reference, manifest }, { ...effects, layout, sources });
        expect(differences(await filesBelow(layout.item(reference.id)), wanted)).toEqual([]);
      }
      expect(server.mostOpen()).toBeLessThanOrEqual(connections);
    } finally {
      await pool.close();
      for (const source of sources) await source.close();
      await server.close();
    }
  },
);

it('one source that lacks a file takes no connections from the next one, nor from itself', async () => {
  const { reference, manifest } = (await published)[1]!;
  const lacking = new Map([...files].filter(([name]) => !name.endsWith('.chunks')));
  const servers = [await startMisbehavingServer({ files: lacking }), await startMisbehavingServer({ files })];
  const settings = { ...impatient, connections: 3 };
  const effects = { ...acquireWorld(`${ground}/lacking`, []), settings };
  const sources = servers.map(({ url }, n) =>
    openSource(
      { url: `${url.replace('127.0.0.1', n === 0 ? '127.0.0.1' : 'localhost')}/false/0`, priority: n + 1 },
      effects,
    ),
  );
  try {
    const acquired = await acquire({ reference, manifest }, { ...effects, sources });
    expect(Object.keys(acquired.bySource)).toEqual([sources[0]!.name]);
    for (const server of servers) expect(server.connections()).toBe(3);
  } finally {
    for (const source of sources) await source.close();
    for (const server of servers) await server.close();
  }
});
