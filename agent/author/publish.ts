// Publishes a site to a distribution point folder: content first, each version whole or not at all; policy last, which makes it count.
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Hardware } from '../content/hardware.ts';
import type { WorkerPool } from '../content/worker-pool.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import type { Clock } from '../progress/clock.ts';
import type { Observe } from '../progress/event.ts';
import { type KeyAccess, requireMachineKey } from './key-files.ts';
import { packageHardware } from './package-hardware.ts';
import {
  type ItemWorld,
  type LookedAt,
  lookAtItem,
  type PreparedItem,
  type PublishOutcome,
  prepareItem,
  removeStaging,
  revealItem,
} from './publish-item.ts';
import { publishPolicy } from './publish-policy.ts';
import { readState, writeState } from './publish-state.ts';
import { readSite, type Site } from './read-site.ts';
import { loadSigningKey, publishRevocations } from './site-revocations.ts';

export interface PublishRequest {
  /** The site folder. */
  readonly site: string;
  /** The distribution point folder; made when absent. */
  readonly point: string;
  /** Folder of the key files; the site's `keys` when left out. */
  readonly keys?: string;
  readonly rehash?: boolean;
}

/** The effects that authoring has. */
export interface AuthorWorld extends Pick<KeyAccess, 'passphrase'> {
  readonly durable: DurableFiles;
  readonly pool: WorkerPool;
  readonly clock: Clock;
  readonly observe: Observe;
  readonly signal?: AbortSignal;
}

export interface PublishedItem {
  readonly id: string;
  readonly version: string;
  readonly type: string;
  readonly name: string;
  readonly outcome: PublishOutcome;
  readonly files: number;
  readonly bytes: number;
  readonly digest: string;
}

export interface Published {
  readonly site: string;
  readonly point: string;
  readonly serial: number;
  readonly created: string;
  readonly expires: string;
  readonly policyDigest: string;
  readonly keyId: string;
  /** How many machines have a record of their own. */
  readonly machines: number;
  readonly items: readonly PublishedItem[];
}

/**
 * A fault, a stop or a power cut leaves the former policy current and every published version as it was.
 * Faults: USAGE-02..09, USAGE-11, USAGE-13, IMAGE-01, IMAGE-02, DISK-*, STOP-01.
 */
export async function publish(request: PublishRequest, world: AuthorWorld): Promise<Published> {
  const began = world.clock.ticks();
  // Tens of thousands of machines are read for many seconds.
  world.observe({
    kind: 'note',
    level: 'info',
    component: 'publish',
    text: `Reading the site in ${request.site}.`,
  });
  const site = await readSite(request.site);
  const point = path.resolve(request.point);
  await requireSeparate(site, point);
  const keys = keyFolder(site, request.keys);
  const key = await loadSigningKey(site, keys, site.keys.policy, world);
  // Before anything is copied; whether collections need it shows with policy only.
  if (site.machines.length + site.associations.length > 0)
    await requireMachineKey(keys, site.keys.machine, world);
  const state = await readState(site.folder);
  const meter = new ByteMeter(world.observe);
  const itemWorld: ItemWorld = {
    point,
    durable: world.durable,
    pool: world.pool,
    rehash: request.rehash ?? false,
    advance: bytes => meter.advance(bytes),
    ...(world.signal && { signal: world.signal }),
  };
  const looked: LookedAt[] = [];
  for (const item of site.content)
    looked.push(await lookAtItem(item, state.points[point]?.[item.id], itemWorld));
  const hardware = new Map<string, Hardware | undefined>();
  for (const { item, files } of looked)
    hardware.set(item.id, await packageHardware(item, files, world.observe));
  meter.start(
    looked
      .flatMap(each => (each.settled === undefined ? each.files : []))
      .reduce((sum, file) => sum + file.size, 0),
  );
  const prepared = await prepareAll(looked, itemWorld, meter);
  for (const item of prepared) await revealItem(item, itemWorld);
  await publishRevocations(site, keys, point, world.durable);
  const { policy, digest, machines } = await publishPolicy({
    point,
    site,
    content: prepared.map(({ reference }) => ({ ...reference, ...forHardware(hardware.get(reference.id)) })),
    key,
    keys,
    access: world,
    serialFloor: state.serial,
    now: world.clock.now(),
    durable: world.durable,
  });
  const remembered = prepared.map(
    each =>
      [
        each.item.id,
        { version: each.item.version, digest: each.reference.digest, fingerprint: each.fingerprint },
      ] as const,
  );
  const points = { ...state.points, [point]: Object.fromEntries(remembered) };
  await writeState(
    site.folder,
    { format: 'prestage-published/1', serial: policy.serial, points },
    world.durable,
  );
  world.observe({
    kind: 'finished',
    stage: 'publish',
    subject: site.name,
    seconds: (world.clock.ticks() - began) / 1000,
  });
  return {
    site: site.site,
    point,
    serial: policy.serial,
    created: policy.created,
    expires: policy.expires,
    policyDigest: digest,
    keyId: key.public.id,
    machines,
    items: prepared.map(publishedItem),
  };
}

/** @returns where the key files of a site lie. */
export function keyFolder(site: Pick<Site, 'folder'>, keys: string | undefined): string {
  return keys === undefined ? path.join(site.folder, 'keys') : path.resolve(keys);
}

function forHardware(hardware: Hardware | undefined): { readonly hardware?: Hardware } {
  return hardware === undefined ? {} : { hardware };
}

/** All or nothing: when one item fails, what the others staged goes away again. */
async function prepareAll(
  looked: readonly LookedAt[],
  world: ItemWorld,
  meter: ByteMeter,
): Promise<readonly PreparedItem[]> {
  const prepared: PreparedItem[] = [];
  try {
    for (const each of looked) {
      if (world.signal?.aborted) throw new Fault('STOP-01', 'publish', {}, { cause: world.signal.reason });
      await removeStaging(each.item, world);
      meter.subject = each.item.name;
      prepared.push(await prepareItem(each, world));
    }
    return prepared;
  } catch (thrown) {
    for (const each of looked) {
      await removeStaging(each.item, world).catch(() => {
        // The first fault is the one to tell; the next publish removes what is left.
      });
    }
    throw thrown;
  }
}

/** A distribution point inside the site's sources, or the other way round, would publish itself. */
async function requireSeparate(site: Site, point: string): Promise<void> {
  const found = await stat(point).catch(() => undefined); // Absent: it is made.
  if (found !== undefined && !found.isDirectory())
    throw new Fault('USAGE-09', point, { expected: 'a folder', found: 'a file' });
  for (const { id, sourceFolder } of site.content) {
    if (isWithin(point, sourceFolder) || isWithin(sourceFolder, point)) {
      throw new Fault('USAGE-09', point, {
        expected: 'a folder apart from every source',
        found: `the source of ${id} at ${sourceFolder}`,
      });
    }
  }
}

function isWithin(inner: string, outer: string): boolean {
  const way = path.relative(outer, inner);
  return way === '' || (!way.startsWith(`..${path.sep}`) && way !== '..' && !path.isAbsolute(way));
}

function publishedItem({ item, reference, outcome, fileCount }: PreparedItem): PublishedItem {
  const { id, version, type, name } = item;
  return {
    id,
    version,
    type,
    name,
    outcome,
    files: fileCount,
    bytes: reference.totalBytes,
    digest: reference.digest,
  };
}

/** Bytes digested so far, for the observer. */
class ByteMeter {
  subject = '';
  readonly #observe: Observe;
  #done = 0;
  #total = 0;

  constructor(observe: Observe) {
    this.#observe = observe;
  }

  start(totalBytes: number): void {
    this.#total = totalBytes;
    this.#observe({ kind: 'started', stage: 'publish', totalBytes });
  }

  advance(bytes: number): void {
    // Mending reads some files twice; the percentage must not run past its end.
    this.#done = Math.min(this.#done + bytes, this.#total);
    this.#observe({
      kind: 'advanced',
      stage: 'publish',
      subject: this.subject,
      doneBytes: this.#done,
      totalBytes: this.#total,
    });
  }
}
