// Makes prestaged media: one WIM of two images, ESP and volume, with its signed manifest inside and its signed sidecar beside it.
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { cacheLayout, onDistributionPoint } from '../content/layout.ts';
import { openFolderSource } from '../distribution/folder-source.ts';
import { encodeJson } from '../document/decode-json.ts';
import { Fault } from '../fault/fault.ts';
import type { Imaging } from '../machine/machine.ts';
import { type MediaManifest, mediaFileSchema, mediaManifestSchema } from '../media/media-manifest.ts';
import { besideMediaFile } from '../media/media-paths.ts';
import { fetchPolicy } from '../policy/fetch-policy.ts';
import type { Policy } from '../policy/policy.ts';
import { verifyPolicy } from '../policy/verify-policy.ts';
import type { PrivateKey, PublicKey } from '../trust/keys.ts';
import { signDetached } from '../trust/signature.ts';
import { sha256OfFiles } from './digest-files.ts';
import { loadPrivateKey, loadPublicKey } from './key-files.ts';
import { MediaMeter } from './media-meter.ts';
import { type CarriedShards, decideShards, recordsKeyOf } from './media-records.ts';
import { buildMediaTree, type MediaTree } from './media-tree.ts';
import { type AuthorWorld, keyFolder } from './publish.ts';
import { utcSeconds } from './publish-policy.ts';
import { readSite, type Site, type SiteMedia } from './read-site.ts';
import { type MediaSelection, selectContent } from './select-content.ts';

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
}

/** One line of the bill. */
export interface BilledItem {
  readonly id: string;
  readonly version: string;
  readonly type: string;
  readonly name: string;
  readonly bytes: number;
  readonly lies: 'cache' | 'esp';
  /** The version that the site describes now, when it is another than the published one that was laid. */
  readonly supersededBy?: string;
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
  readonly bill: readonly BilledItem[];
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** A fault leaves no media file under its final name. Faults: USAGE-02..05, USAGE-09, USAGE-11, TRUST-*, CONTENT-08, IMAGE-08, DISK-*, STOP-01. */
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
  const wim = path.resolve(request.to);
  await requireFree(wim, request.replace ?? false);
  const folder = keyFolder(site, request.keys);
  const keys = {
    media: await loadPrivateKey(folder, site.keys.media),
    policy: await loadPublicKey(folder, site.keys.policy),
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
  const records = await recordsKeyOf(site, folder, policy);
  const machineRecords = await decideShards(path.resolve(request.from), policy, media.allowOffline);
  const selection = selectContent(media, site, policy);
  const staging = `${wim}.staging`;
  await world.durable.remove(staging);
  try {
    const meter = new MediaMeter(world.observe, selection);
    const tree = await buildMediaTree(
      {
        point: path.resolve(request.from),
        staging,
        selection,
        policy: served,
        recordsOf: machineRecords.decision === 'carried' ? policy : undefined,
        agent: agentOf(site, media, request),
      },
      {
        durable: world.durable,
        pool: world.pool,
        advance: bytes => meter.collected(bytes),
        ...(world.signal && { signal: world.signal }),
      },
    );
    const manifest = makeManifest({ site, media, selection, tree, policy, keys, records }, world);
    const made = await writeMedia(wim, tree, manifest, keys.media, meter, world);
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
      bill: makeBill(selection, site),
    };
  } finally {
    await world.durable.remove(staging);
  }
}

interface ManifestParts {
  readonly site: Site;
  readonly media: SiteMedia;
  readonly selection: MediaSelection;
  readonly tree: MediaTree;
  readonly policy: Policy;
  readonly keys: { readonly policy: PublicKey };
  readonly records: Uint8Array | undefined;
}

function makeManifest(
  { site, media, selection, tree, policy, keys, records }: ManifestParts,
  { clock, newId }: CreateMediaWorld,
): MediaManifest {
  const now = clock.now();
  return mediaManifestSchema.parse({
    format: 'prestage-media/1',
    mediaId: newId(),
    name: media.name,
    site: site.site,
    created: utcSeconds(now),
    validFrom: utcSeconds(now),
    validUntil: utcSeconds(new Date(now.getTime() + media.validDays * DAY_MS)),
    createdBy: media.createdBy,
    version: media.version,
    ...(media.comment !== undefined && { comment: media.comment }),
    policyKeys: [keys.policy.text],
    policyFloor: policy.serial,
    managementPoints: media.managementPoints ?? site.managementPoints,
    distributionPoints: media.distributionPoints ?? site.distributionPoints,
    ...(records !== undefined && { machineKey: Buffer.from(records).toString('base64') }),
    management: media.management,
    unknownComputers: media.unknownComputers,
    variables: media.variables,
    secret: media.secret,
    ...(media.prestart !== undefined && { prestart: media.prestart }),
    unattended: media.unattended,
    allowOffline: media.allowOffline,
    taskSequence: selection.taskSequence.id,
    osImage: selection.osImage,
    content: selection.content,
    esp: tree.esp,
    volume: tree.volume,
  });
}

/** The manifest goes into the volume, both folders into the WIM, and the sidecars beside it, whose presence says that all is there. */
async function writeMedia(
  wim: string,
  tree: MediaTree,
  manifest: MediaManifest,
  key: PrivateKey,
  meter: MediaMeter,
  world: CreateMediaWorld,
): Promise<Pick<CreatedMedia, 'bytes' | 'sha256' | 'manifestSha256'>> {
  const { durable, imaging } = world;
  const layout = cacheLayout(tree.volumeFolder);
  const beside = besideMediaFile(wim);
  const manifestBytes = encodeJson(manifest);
  const manifestSignature = signDetached('media', manifestBytes, key);
  await durable.replaceFile(layout.media, manifestBytes);
  await durable.replaceFile(layout.mediaSignature, manifestSignature);
  for (const file of Object.values(beside)) await durable.remove(file);
  await imaging.capture({
    wim,
    images: [
      {
        folder: tree.espFolder,
        name: 'Prestage ESP',
        description: `EFI system partition of ${manifest.name} ${manifest.mediaId}`,
      },
      {
        folder: tree.volumeFolder,
        name: 'Prestage volume',
        description: `Media volume of ${manifest.name} ${manifest.mediaId}`,
      },
    ],
    compression: 'xpress',
    advance: (doneBytes, totalBytes) => meter.captured(doneBytes, totalBytes),
    ...(world.signal && { signal: world.signal }),
  });
  const { size: bytes } = await stat(wim);
  const sha256 = (
    await sha256OfFiles([{ path: wim, absolute: wim, size: bytes }], {
      pool: world.pool,
      ...(world.signal && { signal: world.signal }),
    })
  ).get(wim);
  const manifestSha256 = createHash('sha256').update(manifestBytes).digest('hex');
  const sidecar = mediaFileSchema.parse({
    format: 'prestage-media-file/1',
    mediaId: manifest.mediaId,
    file: path.basename(wim),
    size: bytes,
    sha256,
    manifestSha256,
  });
  const sidecarBytes = encodeJson(sidecar);
  await durable.replaceFile(beside.manifest, manifestBytes);
  await durable.replaceFile(beside.manifestSignature, manifestSignature);
  await durable.replaceFile(beside.sidecarSignature, signDetached('media-file', sidecarBytes, key));
  await durable.replaceFile(beside.sidecar, sidecarBytes);
  return { bytes, sha256: sidecar.sha256, manifestSha256 };
}

function makeBill({ content, bootImage }: MediaSelection, site: Site): readonly BilledItem[] {
  const now = new Map(site.content.map(({ id, version }) => [id, version]));
  const bill =
    (lies: BilledItem['lies']) =>
    ({ id, version, type, name, totalBytes }: MediaSelection['content'][number]): BilledItem => {
      const current = now.get(id);
      return {
        id,
        version,
        type,
        name,
        bytes: totalBytes,
        lies,
        ...(current !== undefined && current !== version && { supersededBy: current }),
      };
    };
  return [...(bootImage === undefined ? [] : [bootImage].map(bill('esp'))), ...content.map(bill('cache'))];
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
