// Whatever a source does, an item becomes whole from it or from another, or is refused by name; nothing unproven is ever under a final name.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheLayout } from '../../agent/content/layout.ts';
import type { ContentManifest } from '../../agent/content/manifest.ts';
import { acquire } from '../../agent/distribution/acquire.ts';
import { openSource } from '../../agent/distribution/open-source.ts';
import type { FaultCode } from '../../agent/fault/catalogue.ts';
import { Fault } from '../../agent/fault/fault.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import {
  acquireWorld,
  differences,
  type Files,
  filesBelow,
  layItem,
  type PublishedItem,
  publishItem,
} from '../support/content-kit.ts';
import {
  type MisbehavingServer,
  type Misbehaviour,
  type SeenRequest,
  startMisbehavingServer,
} from '../support/misbehaving-server.ts';
import { startNginx } from '../support/nginx.ts';
import { unprovenNames } from '../support/proven-cache.ts';
import { seeded } from '../support/seeded.ts';
import { faultOf, impatient, openTestSource } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('misbehaving');
const { bytes: noise } = seeded(11);
const base: Files = {
  'large.bin': noise(2_000_000),
  'small.txt': Buffer.from('small'),
  'b/c.bin': noise(50_000),
};
const totalBytes = 2_050_005;

let plays = 0;
let dp: string;
let volume: string;
let item: PublishedItem;
let laterVersions: readonly ContentManifest[];
let closing: (() => Promise<void>)[] = [];
beforeEach(async () => {
  plays++;
  laterVersions = [];
  dp = path.join(ground, `${plays}/dp`);
  volume = path.join(ground, `${plays}/volume`);
  await mkdir(volume, { recursive: true });
  item = await publishItem(dp, base);
});
afterEach(async () => {
  await Promise.all(closing.map(close => close()));
  closing = [];
  // Whatever a test was about: nothing unproven has a name that somebody would trust.
  expect(await unprovenNames(volume, [item.manifest, ...laterVersions])).toEqual([]);
});

type Behave = (request: SeenRequest, nth: number) => Misbehaviour | undefined;

/** Serves the published item; `nth` counts the requests for the same path from 0. */
async function serving(
  behave: Behave,
): Promise<MisbehavingServer & { readonly files: Map<string, Uint8Array> }> {
  const files = new Map(Object.entries(await filesBelow(dp)));
  const asked = new Map<string, number>();
  const server = await startMisbehavingServer({
    files,
    behave: request => {
      const nth = asked.get(request.path) ?? 0;
      asked.set(request.path, nth + 1);
      return behave(request, nth);
    },
  });
  closing.push(() => server.close());
  return { ...server, files };
}

async function run(...urls: readonly string[]) {
  const sources = urls.map((url, n) => openTestSource(url, { priority: n }));
  closing.unshift(...sources.map(source => () => source.close()));
  return acquire({ reference: item.reference, manifest: item.manifest }, acquireWorld(volume, sources));
}

const itemFiles = (): Promise<Files> => filesBelow(cacheLayout(volume).item('ABC00012'));
const isLarge = ({ path: name }: SeenRequest): boolean => name.endsWith('large.bin');

describe('a source that misbehaves once on each file is survived', () => {
  const cases: readonly (readonly [title: string, Misbehaviour, mostBytes: number])[] = [
    [
      'drops the connection in the middle of the file',
      { kind: 'drop', afterBytes: 30_000 },
      totalBytes + 130_000,
    ],
    [
      'drops the connection in the middle of the second chunk or later',
      { kind: 'drop', afterBytes: 900_000 },
      totalBytes + 262_144,
    ],
    ['resets the connection', { kind: 'reset' }, totalBytes],
    ['resets it in the middle', { kind: 'reset', afterBytes: 30_000 }, totalBytes + 130_000],
    ['sends its head letter by letter', { kind: 'slow-head', everyMs: 20 }, totalBytes],
    ['sends more behind the end of its answer', { kind: 'surplus', text: 'x'.repeat(1000) }, totalBytes],
    [
      'ends its chunks without saying that this is the end',
      { kind: 'early-fin', afterBytes: 30_000 },
      totalBytes + 130_000,
    ],
    [
      'is down for a moment, and says for how long',
      { kind: 'status', status: 503, headers: { 'retry-after': '0' } },
      totalBytes,
    ],
    ['stalls in the middle', { kind: 'stall', afterBytes: 30_000 }, totalBytes + 130_000],
    ['stalls before it answers', { kind: 'stall' }, totalBytes],
    ['is too busy', { kind: 'status', status: 429, headers: { 'retry-after': '0' } }, totalBytes],
    ['fails', { kind: 'status', status: 500 }, totalBytes],
    ['ends too early without having told a length', { kind: 'chunked', surplus: -1 }, totalBytes * 2],
  ];
  it.each(cases)('%s', async (_title, misbehaviour, mostBytes) => {
    const server = await serving((request, nth) =>
      nth === 0 && request.path.includes('/files/') ? misbehaviour : undefined,
    );
    const { fetchedBytes } = await run(server.url);
    expect(differences(await itemFiles(), base)).toEqual([]);
    expect(fetchedBytes).toBeLessThanOrEqual(mostBytes);
  });

  it('a transfer that breaks is resumed at the first unproven chunk, tied to the same file', async () => {
    const server = await serving((request, nth) =>
      isLarge(request) && nth === 0 ? { kind: 'drop', afterBytes: 1_000_000 } : undefined,
    );
    await run(server.url);
    const [first, second] = server.requests.filter(isLarge);
    expect(first?.ifRange).toBeUndefined();
    expect(second?.ifRange).toMatch(/^"/);
    expect(Number(/\d+/.exec(second?.range ?? '')?.[0])).toBeGreaterThan(1_000_000 - 262_144);
  });

  it('a proven chunk gives a failing source its patience back', async () => {
    const server = await serving(request =>
      isLarge(request) ? { kind: 'drop', afterBytes: 400_000 } : undefined,
    );
    const { fetchedBytes } = await run(server.url);
    expect(differences(await itemFiles(), base)).toEqual([]);
    expect(fetchedBytes).toBeLessThan(totalBytes * 2);
  });

  it('a server that knows no ranges is read whole', async () => {
    const layout = cacheLayout(volume);
    const rotten = Uint8Array.from(base['large.bin'] ?? []);
    rotten[1_000_000] = (rotten[1_000_000] ?? 0) ^ 1;
    await layItem(layout, { ...item, files: { ...base, 'large.bin': rotten } });
    const server = await serving(() => ({ kind: 'ignore-range' }));
    await run(server.url);
    expect(differences(await itemFiles(), base)).toEqual([]);
  });

  it('a file that is published anew with the same bytes is asked for anew', async () => {
    const server = await serving((request, nth) => {
      if (!isLarge(request)) return undefined;
      return nth === 0 ? { kind: 'drop', afterBytes: 1_000_000 } : { kind: 'etag', etag: '"anew"' };
    });
    await run(server.url);
    expect(differences(await itemFiles(), base)).toEqual([]);
  });

  it('a file that is published with other bytes in the middle is never spliced', async () => {
    const server = await serving((request, nth) => {
      if (!isLarge(request) || nth > 0) return undefined;
      // This answer is still of the old bytes: the server took them before it asked.
      server.files.set(request.path, noise(2_000_000));
      return { kind: 'drop', afterBytes: 1_000_000 };
    });
    const fault = await faultOf(run(server.url));
    expect(fault.cause).toMatchObject({ code: 'NET-07' });
    expect(await itemFiles()).toEqual({});
    // Published as it should be, only what had not come is fetched.
    const good = await serving(() => undefined);
    const { presentBytes, fetchedBytes } = await run(good.url);
    expect(presentBytes).toBeGreaterThan(700_000);
    expect(presentBytes + fetchedBytes).toBe(totalBytes);
    expect(differences(await itemFiles(), base)).toEqual([]);
  });
});

describe('a source that always misbehaves is refused by name, and the next one serves', () => {
  const cases: readonly (readonly [title: string, Misbehaviour, FaultCode])[] = [
    ['has not the file', { kind: 'status', status: 404 }, 'NET-02'],
    ['wants a password', { kind: 'status', status: 401 }, 'NET-03'],
    ['forbids it', { kind: 'status', status: 403 }, 'NET-03'],
    ['wants a password for the proxy', { kind: 'status', status: 407 }, 'NET-03'],
    ['fails', { kind: 'status', status: 500 }, 'NET-04'],
    ['is down', { kind: 'status', status: 503, headers: { 'retry-after': '0' } }, 'NET-04'],
    ['speaks no HTTP', { kind: 'raw', text: 'SSH-2.0-OpenSSH_9.2\r\n' }, 'NET-04'],
    ['resets every connection', { kind: 'reset' }, 'NET-01'],
    ['sends its heads letter by letter', { kind: 'slow-head', everyMs: 20 }, 'NET-05'],
    ['resets every connection in the middle', { kind: 'reset', afterBytes: 3 }, 'NET-06'],
    ['ends its chunks without saying that this is the end', { kind: 'early-fin', afterBytes: 3 }, 'NET-06'],
    ['sends wrong bytes everywhere', { kind: 'other-bytes', from: 0 }, 'NET-07'],
    [
      'sends another file from the middle on, under the same tag',
      { kind: 'other-bytes', from: 1_000_000 },
      'NET-07',
    ],
    ['announces more than it sends', { kind: 'length', by: 10 }, 'NET-08'],
    ['announces less than it sends', { kind: 'length', by: -10 }, 'NET-08'],
    ['sends several parts for one', { kind: 'multipart' }, 'NET-08'],
    ['redirects to where nobody is', { kind: 'redirect', to: 'http://nowhere.invalid/' }, 'NET-01'],
    ['is too busy', { kind: 'status', status: 429 }, 'NET-04'],
    ['stalls', { kind: 'stall', afterBytes: 3 }, 'NET-05'],
    ['sends one byte at a time', { kind: 'trickle', pieceBytes: 1, everyMs: 2 }, 'NET-05'],
    ['drops every connection', { kind: 'drop', afterBytes: 3 }, 'NET-06'],
    ['sends wrong bytes', { kind: 'corrupt', offset: 2 }, 'NET-07'],
    ['sends a shorter file', { kind: 'truncate', toBytes: 3 }, 'NET-07'],
    ['sends more', { kind: 'chunked', surplus: 10 }, 'NET-07'],
    ['compresses unasked', { kind: 'gzip' }, 'NET-07'],
    ['sends another part', { kind: 'other-range', shift: 7 }, 'NET-08'],
    ['answers 416', { kind: 'status', status: 416 }, 'NET-08'],
    ['redirects in a circle', { kind: 'redirect', to: '?' }, 'NET-09'],
    ['answers with a page', { kind: 'page' }, 'NET-10'],
  ];
  it.each(cases)('%s', async (_title, misbehaviour, code) => {
    const bad = await serving(request => (isLarge(request) ? misbehaviour : undefined));
    const fault = await faultOf(run(bad.url));
    expect([fault.code, fault.subject]).toEqual(['CONTENT-01', 'ABC00012']);
    expect(fault.cause).toMatchObject({ code });
    expect(await itemFiles()).toEqual({});

    const good = await serving(() => undefined);
    const { bySource } = await run(bad.url, good.url);
    expect(differences(await itemFiles(), base)).toEqual([]);
    expect(bySource[good.url]).toBeGreaterThan(0);
    expect(bySource[good.url]).toBeLessThanOrEqual(2_000_000);
  });

  it('one that gives each answer another ETag is survived, since every chunk is proven by itself', async () => {
    const server = await serving(request =>
      isLarge(request) ? { kind: 'etag', etag: `"${request.number}"` } : undefined,
    );
    await run(server.url);
    expect(differences(await itemFiles(), base)).toEqual([]);
  });

  it('another ETag costs no pause: the same file behind several servers has several', async () => {
    const server = await serving((request, nth) => {
      if (!isLarge(request)) return undefined;
      return nth === 0 ? { kind: 'drop', afterBytes: 600_000 } : { kind: 'etag', etag: `"${nth % 3}"` };
    });
    const settings = { ...impatient, retryDelayMs: 60_000 };
    const source = openSource(
      { url: server.url, priority: 1 },
      { settings, clock: systemClock, random: () => 0.5 },
    );
    closing.unshift(() => source.close());
    let pauses = 0;
    const random = (): number => {
      pauses++;
      return 0;
    };
    await acquire(item, { ...acquireWorld(volume, [source]), settings, random });
    expect(differences(await itemFiles(), base)).toEqual([]);
    expect(pauses).toBe(1);
  });

  it('one that lies is not asked for the item again, and the lie names file, offset, length, digests and source', async () => {
    const liar = await serving(request =>
      isLarge(request) ? { kind: 'corrupt', offset: 1_000_000 } : undefined,
    );
    const fault = await faultOf(run(liar.url));
    expect(liar.requests.filter(isLarge).length).toBe(1);
    expect(fault.cause).toBeInstanceOf(Fault);
    const { subject, detail } = fault.cause instanceof Fault ? fault.cause : fault;
    expect(subject).toBe('ABC00012 large.bin');
    expect(Object.keys(detail)).toEqual(['source', 'offset', 'length', 'expected', 'found']);
    expect(detail.source).toBe(liar.url);
    expect(Number(detail.offset)).toBeLessThanOrEqual(1_000_000);
    expect(Number(detail.offset) + Number(detail.length)).toBeGreaterThan(1_000_000);
  });

  it('of two that lie in different places an item becomes whole', async () => {
    const one = await serving(request =>
      isLarge(request) ? { kind: 'corrupt', offset: 1_500_000 } : undefined,
    );
    const two = await serving(request => (isLarge(request) ? undefined : { kind: 'corrupt', offset: 1 }));
    await run(one.url, two.url);
    expect(differences(await itemFiles(), base)).toEqual([]);
  });

  it('of two that each lack a file an item becomes whole', async () => {
    const one = await serving(({ path: name }) =>
      name.endsWith('small.txt') ? { kind: 'status', status: 404 } : undefined,
    );
    const two = await serving(({ path: name }) =>
      name.endsWith('c.bin') ? { kind: 'status', status: 404 } : undefined,
    );
    await run(one.url, two.url);
    expect(differences(await itemFiles(), base)).toEqual([]);
  });

  it('a wrong chunk index is not used: TRUST-12, and the next source has the right one', async () => {
    const bad = await serving(({ path: name }) =>
      name.endsWith('.chunks') ? { kind: 'corrupt', offset: 60 } : undefined,
    );
    expect((await faultOf(run(bad.url))).cause).toMatchObject({ code: 'TRUST-12' });
    await run(bad.url, dp);
    expect(differences(await itemFiles(), base)).toEqual([]);
  });

  it('all failures are told when several sources fail', async () => {
    const one = await serving(() => ({ kind: 'status', status: 403 }));
    const two = await serving(() => ({ kind: 'page' }));
    const fault = await faultOf(run(one.url, two.url));
    expect(fault.code).toBe('CONTENT-01');
    expect(fault.detail.sources).toEqual([
      expect.stringMatching(/NET-03 .* \(status 403; expected an account/),
      expect.stringMatching(/NET-10 .* \(type text\/html\)$/),
    ]);
    expect(fault.cause).toBeInstanceOf(AggregateError);
  });

  it('without any source the item is not to be had', async () => {
    expect((await faultOf(run())).code).toBe('CONTENT-01');
  });
});

describe('nginx', () => {
  it('serves an item whose second version is fetched by ranges', async () => {
    const nginx = await startNginx(dp);
    closing.push(() => nginx.close());
    await run(nginx.url);
    const large = base['large.bin'] ?? new Uint8Array();
    const next = await publishItem(
      dp,
      {
        ...base,
        'large.bin': Buffer.concat([large.subarray(0, 900_000), noise(20), large.subarray(1_000_000)]),
      },
      { version: '2' },
    );
    laterVersions = [next.manifest];
    const source = openTestSource(nginx.url);
    closing.unshift(() => source.close());
    const acquired = await acquire(
      { reference: next.reference, manifest: next.manifest, local: item.manifest },
      acquireWorld(volume, [source]),
    );
    expect(differences(await itemFiles(), next.files)).toEqual([]);
    expect(acquired.fetchedBytes).toBeLessThan(300_000);
    const ranges = (await nginx.requests()).filter(line => line.includes('/2/files/large.bin'));
    expect(ranges).toEqual([expect.stringMatching(/^GET \S+ "bytes=\d+-\d+" 206 \d+$/)]);
  });
});
