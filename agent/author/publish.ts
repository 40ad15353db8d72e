// Publishes a site to a distribution point folder: content first, each version whole or not at all; policy last, which makes it count.
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Hardware } from '../content/hardware.ts';
import { onDistributionPoint } from '../content/layout.ts';
import type { ContentReference } from '../content/manifest.ts';
import type { WorkerPool } from '../content/worker-pool.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import type { Release } from '../machine/claim.ts';
import type { Clock } from '../progress/clock.ts';
import type { Observe } from '../progress/event.ts';
import { type KeyAccess, publicKeysIn, requireMachineKey } from './key-files.ts';
import { type LookedAt, lookAtItem } from './look-at-item.ts';
import { requireOwnPoint } from './point-owner.ts';
import { roomWarning } from './point-room.ts';
import type { PreparedItem, PublishOutcome } from './publish-item.ts';
import { hardwareOf, publishItems } from './publish-items.ts';
import { publishPolicy } from './publish-policy.ts';
import { momentOnDisk, type RememberedItem, readState, writeState } from './publish-state.ts';
import { onPoint } from './published-content.ts';
import { lookAtPlace, settledStamp } from './published-place.ts';
import { readSite, type Site } from './read-site.ts';
import { requireSeparate } from './separate-folders.ts';
import { loadSigningKey, publishRevocations } from './site-revocations.ts';
import { siteWarnings } from './site-warnings.ts';
import { unsettledFiles } from './source-tree.ts';

export interface PublishRequest {
  /** The site folder. */
  readonly site: string;
  /** The distribution point folder; made when absent. */
  readonly point: string;
  /** Folder of the key files; the site's `keys` when left out. */
  readonly keys?: string;
  readonly rehash?: boolean;
  /** false: new versions consist of plain files alone. */
  readonly packs?: boolean;
}

/** The effects that authoring has. */
export interface AuthorWorld extends Pick<KeyAccess, 'passphrase'> {
  readonly durable: DurableFiles;
  readonly pool: WorkerPool;
  readonly clock: Clock;
  readonly observe: Observe;
  readonly signal?: AbortSignal;
  /** Claims a distribution point for this run alone; absent where nobody else is about. */
  readonly claim?: (what: string) => Promise<Release | undefined>;
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
 * Faults: USAGE-02..09, USAGE-11, USAGE-13, USAGE-14 another publish is at work there, USAGE-18 the point of another site, IMAGE-01, IMAGE-02,
 * DISK-*, STOP-01.
 */
export async function publish(request: PublishRequest, world: AuthorWorld): Promise<Published> {
  return await alone(path.resolve(request.point), world, () => publishAlone(request, world));
}

async function publishAlone(request: PublishRequest, world: AuthorWorld): Promise<Published> {
  const began = world.clock.ticks();
  // Tens of thousands of machines are read for many seconds.
  world.observe({
    kind: 'note',
    level: 'info',
    component: 'publish',
    text: `Reading the site in ${request.site}.`,
  });
  const site = await readSite(request.site);
  for (const text of siteWarnings(site))
    world.observe({ kind: 'note', level: 'warning', component: 'publish', text });
  const point = path.resolve(request.point);
  await requireSeparate(site, point);
  const keys = keyFolder(site, request.keys);
  const key = await loadSigningKey(site, keys, site.keys.policy, world);
  // Before anything is copied; whether collections need it shows with policy only.
  if (site.machines.length + site.associations.length > 0)
    await requireMachineKey(keys, site.keys.machine, world);
  const before = await requireOwnPoint(point, site, [key.public, ...(await publicKeysIn(keys))]);
  const now = world.clock.now();
  if (before !== undefined && Date.parse(before) > now.getTime())
    world.observe({
      kind: 'note',
      level: 'warning',
      component: 'publish',
      text: `This computer’s clock says ${now.toISOString()}, and the policy that is current on ${point} was made at ${before}: one of the two clocks is wrong. What is published now is dated, and expires, by this one.`,
    });
  const state = await readState(site.folder);
  const rehash = request.rehash ?? false;
  const looked: LookedAt[] = [];
  for (const item of site.content)
    looked.push(await lookAtItem(item, state.points[point]?.[item.id], { point, rehash }));
  const hardware = await hardwareOf(looked, world.observe);
  const room = await roomWarning(point, looked);
  if (room !== undefined) world.observe({ kind: 'note', level: 'warning', component: 'publish', text: room });
  // Before the first byte is read: what changes from now on gets another time than what was changed before.
  const moment = looked.some(each => each.settled === undefined || each.unsettled.length > 0)
    ? await momentOnDisk(site.folder, world.durable)
    : undefined;
  const prepared = await publishItems(
    looked,
    { ...world, point, rehash, packs: request.packs ?? true },
    world.observe,
  );
  await publishRevocations(site, keys, point, world.durable);
  const { policy, digest, machines } = await publishPolicy({
    point,
    site,
    content: prepared.map(({ reference }) => withHardware(reference, hardware)),
    key,
    keys,
    access: world,
    serialFloor: state.serial,
    now: world.clock.now(),
    durable: world.durable,
  });
  const items = prepared.flatMap(each => remember(each, point, moment));
  const points = { ...state.points, [point]: Object.fromEntries(items) };
  await writeState(site.folder, { serial: policy.serial, points }, world.durable);
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

function withHardware(reference: ContentReference, found: ReadonlyMap<string, Hardware>): ContentReference {
  const hardware = found.get(reference.id);
  return hardware === undefined ? reference : { ...reference, hardware };
}

/** More than these are read again together with the rest of their item. */
const UNSETTLED_MAX = 1000;

/** What the next publish is to know of an item; nothing when it shall read everything again. */
function remember(
  { looked, reference }: PreparedItem,
  point: string,
  moment: bigint | undefined,
): readonly (readonly [string, RememberedItem])[] {
  const { item, tree, fingerprint, remembered } = looked;
  const { digest, manifestBytes, totalBytes } = reference;
  const isAsBefore = looked.settled !== undefined && looked.unsettled.length === 0;
  const unsettled = isAsBefore || moment === undefined ? [] : unsettledFiles(tree, moment);
  if (unsettled.length > UNSETTLED_MAX) return [];
  // Policy has just been made current.
  const witness = onPoint(point, onDistributionPoint.policyPointer);
  const found = lookAtPlace(point, item, tree);
  const place =
    isAsBefore && found?.stamp === remembered?.place ? found?.stamp : settledStamp(found, witness);
  const known = { version: item.version, digest, manifestBytes, totalBytes, fingerprint };
  return [
    [
      item.id,
      {
        ...known,
        ...(unsettled.length > 0 && { unsettled: [...unsettled] }),
        ...(place !== undefined && { place }),
      },
    ],
  ];
}

/** Runs `work` while no other publish is at work on the same point. Fault: USAGE-14. */
export async function alone<T>(
  point: string,
  { claim }: Pick<AuthorWorld, 'claim'>,
  work: () => Promise<T>,
): Promise<T> {
  if (claim === undefined) return await work();
  const release = await claim(`publish ${await realpath(point).catch(() => point)}`);
  if (release === undefined)
    throw new Fault('USAGE-14', point, { found: 'another publish to this distribution point' });
  try {
    return await work();
  } finally {
    await release();
  }
}

function publishedItem({ looked: { item, tree }, reference, outcome }: PreparedItem): PublishedItem {
  const { id, version, type, name } = item;
  const { totalBytes: bytes, digest } = reference;
  return { id, version, type, name, outcome, files: tree.paths.length, bytes, digest };
}
