// Makes prestaged media: one WIM of two images, ESP and volume, with its signed manifest inside and its signed sidecar beside it.
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { onDistributionPoint } from '../content/layout.ts';
import { openFolderSource } from '../distribution/folder-source.ts';
import { Fault } from '../fault/fault.ts';
import type { Imaging } from '../machine/machine.ts';
import type { MediaManifest } from '../media/media-manifest.ts';
import { fetchPolicy } from '../policy/fetch-policy.ts';
import { verifyPolicy } from '../policy/verify-policy.ts';
import { readBootFacts } from './boot-facts.ts';
import { loadPublicKey } from './key-files.ts';
import { absentFolders, removeEmpty } from './made-folders.ts';
import { makeManifest } from './make-manifest.ts';
import { mediaAuthority } from './media-authority.ts';
import { type MediaBill, makeBill } from './media-bill.ts';
import { mediaWindow, requireTime } from './media-dates.ts';
import { checkLimits } from './media-limits.ts';
import { MediaMeter } from './media-meter.ts';
import { type CarriedShards, decideShards, recordsKeyOf } from './media-records.ts';
import { sealSecrets } from './media-secrets.ts';
import { buildMediaTree } from './media-tree.ts';
import { appliedOsImageBytes } from './os-image-size.ts';
import { finishPlacing, isMediaReady, readyMedia } from './place-media.ts';
import { type AuthorWorld, keyFolder } from './publish.ts';
import { readSite, type Site, type SiteMedia } from './read-site.ts';
import { selectContent } from './select-content.ts';
import { requireApart } from './separate-folders.ts';
import { loadSigningKey } from './site-revocations.ts';
import { mediaWarnings } from './site-warnings.ts';
import { writeMedia } from './write-media.ts';

export interface CreateMediaRequest {
  readonly site: string;
  /** Name of the media document. */
  readonly name: string;
  /** The WIM to make. */
  readonly to: string;
  /** The distribution point folder that the site was published to. */
  readonly from: string;
  readonly keys?: string;
  /** The agent's executable; instead of the document's. */
  readonly agent?: string;
  /** Replaces an existing media file of that name. */
  readonly replace?: boolean;
}

export interface CreateMediaWorld extends AuthorWorld {
  readonly imaging: Imaging;
  /** A new UUID, lower case. */
  readonly newId: () => string;
  /** The password that media with `password: true` get, asked for as `what`. */
  readonly newPassword?: (what: string) => Promise<string>;
}

export interface CreatedMedia {
  readonly wim: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly manifestSha256: string;
  readonly keyId: string;
  readonly manifest: MediaManifest;
  readonly policySerial: number;
  readonly machineRecords: CarriedShards;
  readonly bill: MediaBill;
}

/** A fault leaves what had the final name before, whole. Faults: USAGE-02..05, USAGE-09, USAGE-11, USAGE-17, TRUST-*, CONTENT-08, IMAGE-08, DISK-*, STOP-01. */
export async function createMedia(
  request: CreateMediaRequest,
  world: CreateMediaWorld,
): Promise<CreatedMedia> {
  const began = world.clock.ticks();
  const site = await readSite(request.site);
  const media = site.media.find(({ name }) => name === request.name);
  if (media === undefined)
    throw new Fault('USAGE-05', request.name, {
      expected: `one of ${site.media.map(({ name }) => name).join(', ') || 'no media at all'}`,
    });
  for (const text of [...site.moved, ...mediaWarnings(site, media.name)])
    world.observe({ kind: 'note', level: 'warning', component: 'media', text });
  const wim = path.resolve(request.to);
  await requireApart(wim, site, path.resolve(request.from));
  if (await finishPlacing(wim, world.durable))
    world.observe({
      kind: 'note',
      level: 'warning',
      component: 'media',
      text: `An earlier run was cut while it put ${wim} in place; that media is whole now.`,
    });
  await requireFree(wim, request.replace ?? false);
  const folder = keyFolder(site, request.keys);
  const keys = {
    media: await loadSigningKey(site, folder, site.keys.media, world),
    policy: await loadPublicKey(folder, site.keys.policy, world),
  };
  await requirePublished(request.from);
  const source = openFolderSource({ url: request.from, priority: 0 }, path.resolve(request.from));
  const served = await fetchPolicy(source, world.signal);
  const { policy } = verifyPolicy(served.bytes, served.signature, {
    keys: [keys.policy],
    site: site.site,
    floor: 1,
    clock: world.clock.now(),
    provenTimes: [],
  });
  const authority = await mediaAuthority(site, folder);
  const records = await recordsKeyOf(site, folder, policy, world);
  const machineRecords = await decideShards(path.resolve(request.from), policy, media.allowOffline);
  const selection = selectContent(media, site, policy);
  const agent = agentOf(site, media, request);
  requireTime(media.name, mediaWindow(media, world.clock.now()), policy, world.clock.now());
  const limits = await checkLimits({ point: path.resolve(request.from), selection, agent, wim });
  for (const text of limits.warnings)
    world.observe({ kind: 'note', level: 'warning', component: 'media', text });
  const password = media.password ? await passwordOf(media, world) : undefined;
  const staging = `${wim}.staging`;
  const made = absentFolders(path.dirname(wim));
  await world.durable.remove(staging);
  try {
    const meter = new MediaMeter(world.observe, selection);
    const tree = await buildMediaTree(
      {
        point: path.resolve(request.from),
        staging,
        selection,
        policy: served,
        revocations: authority.revocations?.bytes,
        recordsOf: machineRecords.decision === 'carried' ? policy : undefined,
        agent,
      },
      {
        durable: world.durable,
        pool: world.pool,
        advance: bytes => meter.collected(bytes),
        ...(world.signal && { signal: world.signal }),
      },
    );
    const secrets = await sealSecrets(media, records, password);
    const boot =
      selection.bootImage &&
      (await readBootFacts(
        tree.espFolder,
        tree.esp.map(file => file.path),
        world.imaging,
      ));
    const osImageBytes = await appliedOsImageBytes(tree, selection);
    const manifest = makeManifest(
      { site, media, selection, tree, policy, authority, secrets, osImageBytes },
      world,
    );
    const made = await writeMedia(wim, staging, tree, manifest, keys.media, meter, world);
    world.observe({
      kind: 'finished',
      stage: 'media',
      subject: media.name,
      seconds: (world.clock.ticks() - began) / 1000,
    });
    return {
      wim,
      ...made,
      keyId: keys.media.public.id,
      manifest,
      policySerial: policy.serial,
      machineRecords,
      bill: await makeBill({
        point: path.resolve(request.from),
        site,
        selection,
        policy,
        manifest,
        tree,
        boot,
        limits,
      }),
    };
  } finally {
    await world.durable.remove(staging);
    // What is whole waits for the next run, which completes the change.
    if (!(await isMediaReady(wim))) await world.durable.remove(readyMedia(wim).folder);
    await removeEmpty(made, world.durable);
  }
}

/** Before the long work, which shall not wait for a person. Fault: USAGE-17. */
async function passwordOf({ name }: SiteMedia, { newPassword }: CreateMediaWorld): Promise<string> {
  const what = `Password of media "${name}"`;
  if (newPassword === undefined) throw new Fault('USAGE-17', what, { found: 'nobody to ask' });
  return newPassword(what);
}

function agentOf(site: Site, media: SiteMedia, { agent }: CreateMediaRequest): string | undefined {
  if (agent !== undefined) return path.resolve(agent);
  return media.agent === undefined ? undefined : path.resolve(site.folder, media.agent);
}

/** Fault: USAGE-08 for a folder that nothing was published to: it is a mistyped path, not a server that fails. */
async function requirePublished(point: string): Promise<void> {
  const pointer = path.join(point, ...onDistributionPoint.policyPointer.split('/'));
  await stat(pointer).catch(cause => {
    throw new Fault(
      'USAGE-08',
      point,
      { expected: 'a folder that `prestage publish` wrote', missing: onDistributionPoint.policyPointer },
      { cause },
    );
  });
}

async function requireFree(wim: string, replace: boolean): Promise<void> {
  const found = await stat(wim).catch(() => undefined); // Absent is the wish.
  if (found === undefined) return;
  if (!found.isFile()) throw new Fault('USAGE-09', wim, { expected: 'a file name', found: 'a folder' });
  if (!replace)
    throw new Fault('USAGE-09', wim, { expected: 'no file of this name, or --replace', found: 'a file' });
}
