// A play of a transfer, drawn from a seed: a random tree, a cache with random damage, two servers that misbehave at random, and cuts at random moments.
// It is acquired again and again until it is done; after each attempt the cache is judged from outside.
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { mendPacks } from '../../agent/author/pack-item.ts';
import { openInPlacePool } from '../../agent/content/in-place-pool.ts';
import { type CacheLayout, cacheLayout } from '../../agent/content/layout.ts';
import { type AcquireRequest, acquire } from '../../agent/distribution/acquire.ts';
import { openDurableFiles, TEMPORARY_SUFFIX } from '../../agent/durable/open-durable-files.ts';
import { jobs } from '../../agent/jobs.ts';
import { type AcquireOrder, attempt, attemptInProcess } from './acquire-order.ts';
import {
  acquireWorld,
  differences,
  type Files,
  filesBelow,
  layItem,
  type PublishedItem,
  publishItem,
} from './content-kit.ts';
import { damage } from './damage.ts';
import { type MisbehavingServer, startMisbehavingServer } from './misbehaving-server.ts';
import { unfinishedFiles, unprovenNames } from './proven-cache.ts';
import { drawMisbehaviour } from './random-misbehaviour.ts';
import { drawTree, editTree } from './random-tree.ts';
import { type Seeded, seeded } from './seeded.ts';
import { servePoint } from './serve-point.ts';
import { openTestSource } from './sources.ts';

export interface Played {
  /** What has happened, in words. */
  readonly story: readonly string[];
  /** What one attempt without any trouble fetches. */
  readonly neededBytes: number;
  /** What all attempts together have received. */
  readonly receivedBytes: number;
  /** What may have been lost to what went wrong. */
  readonly excusedBytes: number;
}

const ID = 'ABC00012';
/** After so many cuts the rest goes through. */
const CUTS_AT_MOST = 6;
const ATTEMPTS_AT_MOST = 40;
/** Most that a request loses when it breaks: the chunk or small file under way, and a gap that was fetched along with it. */
const LOST_BY_PLAIN_REQUEST = 384 * 1024;
/** Likewise of a pack: the frame under way, and those that wait for a thread. */
const LOST_BY_PACK_REQUEST = 3 * 1024 * 1024;
/** Misbehaviour that brings bytes which are of no use. */
const LOSES = new Set(['drop', 'reset', 'early-fin', 'stall', 'corrupt', 'other-bytes', 'chunked', 'length']);
/** Requests under way when all of them are cut: four for each of two servers. */
const REQUESTS = 8;
/** Proven bytes that are not written yet when a process is killed. */
const LOST_BY_KILL = 1024 * 1024;

/** What many plays have fetched for each byte that was needed. */
export interface PlayedAll {
  readonly plays: number;
  readonly ratio: number;
}

/**
 * Plays these seeds one after the other, every fourth with kills; throws what is wrong with the first that fails, and its story.
 * @param options `packs`: the points have them; `told` is told of each play.
 */
export async function playTransfers(
  seeds: readonly number[],
  ground: string,
  {
    told = () => {},
    ...options
  }: { readonly packs: boolean; readonly told?: (seed: number, played: Played) => void },
): Promise<PlayedAll> {
  const all = { needed: 0, received: 0 };
  for (const seed of seeds) {
    const played = await playTransfer(seed, ground, { ...options, kills: seed % 4 === 0 });
    all.needed += played.neededBytes;
    all.received += played.receivedBytes;
    told(seed, played);
  }
  return { plays: seeds.length, ratio: all.received / all.needed };
}

/** Throws, with the story, what is wrong. @param options `kills`: whether some attempts are processes of their own, which are killed. */
export async function playTransfer(
  seed: number,
  ground: string,
  { kills, packs }: { readonly kills: boolean; readonly packs: boolean },
): Promise<Played> {
  const random = seeded(seed);
  const folder = path.join(ground, `seed-${seed}`);
  const story: string[] = [];
  try {
    const scene = await makeScene(folder, random, packs);
    story.push(scene.what);
    return await playOut(scene, { random, story, kills });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`seed ${seed}: ${story.join('; ')}: ${message}`, { cause });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Scene {
  readonly what: string;
  readonly point: string;
  readonly volume: string;
  readonly layout: CacheLayout;
  readonly request: AcquireRequest;
  readonly tree: Files;
  readonly manifests: readonly PublishedItem['manifest'][];
  /** The item as it lies there before the first attempt. */
  readonly initial: Files;
  readonly initiallyUnproven: readonly string[];
  readonly neededBytes: number;
  readonly lostByRequest: number;
}

async function makeScene(folder: string, random: Seeded, packs: boolean): Promise<Scene> {
  const [point, volume] = [path.join(folder, 'dp'), path.join(folder, 'volume')];
  const layout = cacheLayout(volume);
  await mkdir(layout.packages, { recursive: true });
  const tree = drawTree(random);
  const older = await publishItem(packs ? point : path.join(folder, 'older'), editTree(tree, random), {
    version: '1',
  });
  const item = await publishItem(point, tree, { version: '2' });
  if (packs) await layPacks(point, item);
  const { reference, manifest } = item;
  const what = random.pick(['nothing there', 'an older version', 'damaged', 'left over'] as const);
  let request: AcquireRequest = { reference, manifest };
  if (what === 'an older version') {
    await layItem(layout, older);
    if (random.int(2) === 0) await damage(layout.item(ID), random);
    request = { ...request, local: older.manifest };
  } else if (what === 'damaged') {
    await layItem(layout, item);
    await damage(layout.item(ID), random);
  } else if (what === 'left over') {
    await layFiles(layout.staging(ID, '2'), tree);
    await damage(layout.staging(ID, '2'), random);
    if (random.int(2) === 0) await layFiles(layout.staging(ID, '1'), older.files);
  }
  const manifests = [manifest, older.manifest];
  return {
    what,
    point,
    volume,
    layout,
    request,
    tree,
    manifests,
    initial: await filesBelow(layout.item(ID)),
    initiallyUnproven: await unprovenNames(volume, manifests),
    neededBytes: await neededBytes(volume, point, request, path.join(folder, 'copy')),
    lostByRequest: packs ? LOST_BY_PACK_REQUEST : LOST_BY_PLAIN_REQUEST,
  };
}

/** As the publisher does, from the version before it as well. */
async function layPacks(point: string, { reference }: PublishedItem): Promise<void> {
  const durable = openDurableFiles();
  await mendPacks(reference, reference, { point, durable, pool: openInPlacePool({ jobs, durable }) });
}

/** What it takes without any trouble, found out on a copy of the volume. */
async function neededBytes(
  volume: string,
  point: string,
  request: AcquireRequest,
  copy: string,
): Promise<number> {
  await cp(volume, copy, { recursive: true });
  const files = new Map<string, Uint8Array>();
  await servePoint(point, files);
  const server = await startMisbehavingServer({ files, behave: () => undefined });
  let receivedBytes = 0;
  const end = await attempt({ volume: copy, urls: [server.url], request }, bytes => {
    receivedBytes += bytes;
  });
  await server.close();
  if (end !== 'done') throw new Error(`without any trouble: ${end}`);
  await rm(copy, { recursive: true });
  return receivedBytes;
}

async function playOut(
  scene: Scene,
  { random, story, kills }: { readonly random: Seeded; readonly story: string[]; readonly kills: boolean },
): Promise<Played> {
  const servers: MisbehavingServer[] = [];
  const watch: Watch = { receivedBytes: 0, excusedBytes: 0, requests: 0, onRequest: () => {} };
  try {
    for (let n = 0; n < 2; n++)
      servers.push(await moodyServer(`server ${n}`, scene, seeded(random.int(2 ** 31)), watch, story));
    const order: AcquireOrder = {
      volume: scene.volume,
      urls: servers.map(({ url }) => url),
      request: scene.request,
    };
    let cuts = 0;
    let wasKilled = false;
    for (let attempts = 0; attempts < ATTEMPTS_AT_MOST; attempts++) {
      const cut =
        cuts < CUTS_AT_MOST ? random.pick(['none', 'abort', kills ? 'kill' : 'abort'] as const) : 'none';
      const end = await attemptWithCut(order, cut, random, watch, scene.lostByRequest);
      if (end === 'STOP-01' || end === 'killed') cuts++;
      wasKilled ||= end === 'killed';
      // What has ended by itself writes no more, and has cleared away what it began.
      const unfinished = wasKilled ? [] : await unfinishedFiles(scene.volume);
      if (unfinished.length > 0)
        throw new Error(`still being written after ${end}: ${unfinished.join(', ')}`);
      story.push(end);
      await judge(scene, end === 'done');
      if (end === 'done') {
        await judgeEnd(scene);
        const { receivedBytes, excusedBytes } = watch;
        if (receivedBytes > scene.neededBytes + excusedBytes)
          throw new Error(`${receivedBytes} bytes for ${scene.neededBytes}, with ${excusedBytes} excused`);
        return { story, neededBytes: scene.neededBytes, receivedBytes, excusedBytes };
      }
      if (!['CONTENT-01', 'STOP-01', 'killed'].includes(end)) throw new Error(`unexpected ${end}`);
    }
    throw new Error(`not done after ${ATTEMPTS_AT_MOST} attempts`);
  } finally {
    await Promise.all(servers.map(server => server.close()));
  }
}

interface Watch {
  receivedBytes: number;
  excusedBytes: number;
  requests: number;
  onRequest: () => void;
}

/** Misbehaves so many times, then never again; one in four lacks a file for good. */
async function moodyServer(
  name: string,
  { point, tree, lostByRequest }: Scene,
  random: Seeded,
  watch: Watch,
  story: string[],
): Promise<MisbehavingServer> {
  const files = new Map<string, Uint8Array>();
  await servePoint(point, files);
  if (name === 'server 1' && random.int(4) === 0) {
    const lacks = random.pick([...files.keys()]);
    files.delete(lacks);
    story.push(`${name} lacks ${lacks}`);
  }
  const totalBytes = Object.values(tree).reduce((sum, bytes) => sum + bytes.length, 0);
  let left = random.int(8);
  return startMisbehavingServer({
    files,
    behave: seen => {
      watch.requests++;
      watch.onRequest();
      if (left === 0 || random.int(3) !== 0) return undefined;
      left--;
      const wrong = drawMisbehaviour(random);
      story.push(`${name}: ${JSON.stringify(wrong)} for ${seen.path.split('/').at(-1)} ${seen.range ?? ''}`);
      if (LOSES.has(wrong.kind)) watch.excusedBytes += lostByRequest;
      // From then on the source gives whole files only, as far as this attempt knows.
      if (wrong.kind === 'ignore-range') watch.excusedBytes += totalBytes;
      return wrong;
    },
  });
}

async function attemptWithCut(
  order: AcquireOrder,
  cut: 'none' | 'abort' | 'kill',
  random: Seeded,
  watch: Watch,
  lostByRequest: number,
): Promise<string> {
  const received = (bytes: number): void => {
    watch.receivedBytes += bytes;
  };
  const atRequest = watch.requests + 1 + random.int(12);
  const laterMs = random.int(15);
  const cutBy = (act: () => void): void => {
    watch.onRequest = () => {
      if (watch.requests === atRequest) void wait(laterMs).then(act);
    };
  };
  if (cut === 'kill') {
    const { kill, end } = attemptInProcess(order, received);
    cutBy(kill);
    const how = await end;
    if (how === 'killed') watch.excusedBytes += REQUESTS * (lostByRequest + LOST_BY_KILL);
    return how;
  }
  const stop = new AbortController();
  if (cut === 'abort') cutBy(() => stop.abort());
  const how = await attempt(order, received, stop.signal);
  if (how === 'STOP-01') watch.excusedBytes += REQUESTS * lostByRequest;
  watch.onRequest = () => {};
  return how;
}

/** Nothing unproven has come under a plain name, and the item is what it was, or whole, or on the way from one to the other. */
async function judge(
  { volume, manifests, layout, initial, initiallyUnproven, what, tree }: Scene,
  done: boolean,
): Promise<void> {
  const unproven = await unprovenNames(volume, manifests);
  const fresh = unproven.filter(name => !initiallyUnproven.includes(name));
  if (fresh.length > 0) throw new Error(`unproven under a plain name: ${fresh.join(', ')}`);
  if (done) return;
  const found = await filesBelow(layout.item(ID));
  if (what === 'damaged') {
    // What a killed writer leaves beside its target is nobody's file; the next attempt writes over it.
    const files = Object.entries(found).filter(([name]) => !name.endsWith(TEMPORARY_SUFFIX));
    const worse = files.filter(([name, bytes]) => isWorse(bytes, initial[name], tree[name]));
    if (worse.length > 0) throw new Error(`worse than before: ${worse.map(([name]) => name).join(', ')}`);
  } else if (differences(found, initial).length > 0 && differences(found, tree).length > 0)
    throw new Error(`two versions mixed: ${differences(found, initial).join(', ')}`);
}

/** A byte that is neither what it was nor what it is to become; a gap behind the old end is nothing yet. */
function isWorse(found: Uint8Array, initial: Uint8Array = new Uint8Array(), right?: Uint8Array): boolean {
  return found.some(
    (byte, at) => byte !== initial[at] && byte !== right?.[at] && !(byte === 0 && at >= initial.length),
  );
}

/** The right bytes, nothing beside them, and nothing left to do. */
async function judgeEnd({ volume, point, manifests, layout, request, tree }: Scene): Promise<void> {
  const found = await filesBelow(layout.packages);
  const expected = Object.fromEntries(Object.entries(tree).map(([name, bytes]) => [`${ID}/${name}`, bytes]));
  const wrong = differences(found, expected);
  if (wrong.length > 0) throw new Error(`at the end: ${wrong.join(', ')}`);
  const unproven = await unprovenNames(volume, manifests);
  if (unproven.length > 0) throw new Error(`unproven at the end: ${unproven.join(', ')}`);
  const { reference, manifest } = request;
  const again = await acquire({ reference, manifest }, acquireWorld(volume, [openTestSource(point)]));
  if (again.fetchedBytes + again.reusedBytes > 0) throw new Error('it had not been complete');
}

async function layFiles(folder: string, files: Files): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), bytes);
  }
}
