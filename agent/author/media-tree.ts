// Builds the two file trees of a media, ESP and volume, from a distribution point folder; every byte is proven on the way.
import { createHash } from 'node:crypto';
import { access, constants, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import pLimit from 'p-limit';
import { decodeManifest } from '../content/decode-manifest.ts';
import { type CacheLayout, cacheLayout, onDistributionPoint } from '../content/layout.ts';
import type { ContentManifest, ContentReference } from '../content/manifest.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import type { MediaFileEntry } from '../media/media-manifest.ts';
import type { ServedPolicy } from '../policy/fetch-policy.ts';
import type { Policy } from '../policy/policy.ts';
import { type DigestWorld, sha256OfFiles } from './digest-files.ts';
import { layShards } from './media-records.ts';
import { onPoint } from './published-content.ts';
import type { MediaSelection } from './select-content.ts';

const LOOKS_AT_ONCE = 16;

export interface TreeWorld extends DigestWorld {
  readonly durable: DurableFiles;
}

export interface MediaTreeRequest {
  /** The distribution point folder. */
  readonly point: string;
  /** Where `esp` and `volume` are built; absent before. */
  readonly staging: string;
  readonly selection: MediaSelection;
  readonly policy: ServedPolicy;
  /** The signed list of revoked keys; undefined when there is none. */
  readonly revocations: Uint8Array | undefined;
  /** The policy whose machine records the media carries; undefined when it carries none. */
  readonly recordsOf: Policy | undefined;
  /** The agent's executable to lay onto the volume. */
  readonly agent: string | undefined;
}

export interface MediaTree {
  readonly espFolder: string;
  readonly volumeFolder: string;
  readonly esp: readonly MediaFileEntry[];
  /** Every file of the volume but content and the media manifest itself. */
  readonly volume: readonly MediaFileEntry[];
}

/** Faults: CONTENT-08 bytes of the distribution point are not what its policy names, TRUST-07, USAGE-08, DISK-*, STOP-01. */
export async function buildMediaTree(request: MediaTreeRequest, world: TreeWorld): Promise<MediaTree> {
  const { point, staging, selection, policy } = request;
  const espFolder = path.join(staging, 'esp');
  const volumeFolder = path.join(staging, 'volume');
  const layout = cacheLayout(volumeFolder);
  const { durable } = world;
  for (const folder of [
    espFolder,
    layout.packages,
    path.dirname(layout.manifest('')),
    path.dirname(layout.chunkIndex('')),
  ])
    await durable.makeFolder(folder);
  const indexes = new Set<string>();
  for (const reference of selection.content) {
    const { bytes, manifest } = await readManifest(point, reference);
    await layFiles(point, manifest, layout.item(reference.id), world);
    for (const index of await layIndexes(point, manifest, layout, durable)) indexes.add(index);
    await durable.replaceFile(layout.manifest(reference.digest), bytes);
  }
  const esp =
    selection.bootImage === undefined ? [] : await layBootImage(point, selection.bootImage, espFolder, world);
  await durable.replaceFile(layout.policy, policy.bytes);
  if (policy.signature !== undefined) await durable.replaceFile(layout.policySignature, policy.signature);
  if (request.revocations !== undefined) await durable.replaceFile(layout.revocations, request.revocations);
  if (request.agent !== undefined) await layAgent(request.agent, layout, durable);
  const shards =
    request.recordsOf === undefined ? [] : await layShards(point, request.recordsOf, layout, world);
  return {
    espFolder,
    volumeFolder,
    esp,
    volume: await listOwnFiles(volumeFolder, [...ownFiles(request, layout, indexes), ...shards], world),
  };
}

/** @returns a published manifest, proven by the policy's digest. Faults: CONTENT-08 absent, TRUST-07, TRUST-09, TRUST-10. */
export async function readManifest(
  point: string,
  reference: ContentReference,
): Promise<{ readonly bytes: Uint8Array; readonly manifest: ContentManifest }> {
  const file = onPoint(point, onDistributionPoint.manifest(reference.id, reference.version));
  const bytes = await readFile(file).catch(cause => {
    throw new Fault('CONTENT-08', file, { expected: 'the manifest', found: 'no readable file' }, { cause });
  });
  return { bytes, manifest: decodeManifest(bytes, reference) };
}

/** Second names for the distribution point's files where the disk allows, copies elsewhere; then digested where they lie. */
async function layFiles(
  point: string,
  manifest: ContentManifest,
  target: string,
  world: TreeWorld,
): Promise<void> {
  const place = (file: { readonly path: string }) => path.join(target, ...file.path.split('/'));
  await world.durable.makeFolder(target);
  for (const folder of new Set(manifest.files.map(file => path.dirname(place(file)))))
    await world.durable.makeFolder(folder);
  const pairs = manifest.files.map(file => ({
    from: onPoint(point, onDistributionPoint.file(manifest.id, manifest.version, file.path)),
    to: place(file),
  }));
  const limit = pLimit(LOOKS_AT_ONCE);
  await Promise.all(pairs.map(({ from }) => limit(() => requireFile(from))));
  await world.durable.linkOrCopyAll(pairs);
  const digests = await sha256OfFiles(
    manifest.files.map(file => ({ path: file.path, absolute: place(file), size: file.size })),
    world,
  );
  for (const file of manifest.files) {
    const found = digests.get(file.path);
    if (found === file.sha256) continue;
    const source = onPoint(point, onDistributionPoint.file(manifest.id, manifest.version, file.path));
    throw new Fault('CONTENT-08', source, { expected: file.sha256, found });
  }
}

/** @returns where the indexes lie now. */
async function layIndexes(
  point: string,
  manifest: ContentManifest,
  layout: CacheLayout,
  durable: DurableFiles,
): Promise<readonly string[]> {
  const laid: string[] = [];
  for (const file of manifest.files) {
    if (file.chunks === undefined) continue;
    const source = onPoint(point, onDistributionPoint.chunkIndex(manifest.id, manifest.version, file.sha256));
    await requireFile(source);
    const bytes = await readFile(source);
    const found = sha256(bytes);
    if (found !== file.chunks.sha256)
      throw new Fault('TRUST-12', source, { expected: file.chunks.sha256, found });
    await durable.replaceFile(layout.chunkIndex(file.sha256), bytes);
    laid.push(layout.chunkIndex(file.sha256));
  }
  return laid;
}

/** The boot image's files become the ESP as they are. */
async function layBootImage(
  point: string,
  reference: ContentReference,
  espFolder: string,
  world: TreeWorld,
): Promise<readonly MediaFileEntry[]> {
  const { manifest } = await readManifest(point, reference);
  await layFiles(point, manifest, espFolder, world);
  return manifest.files.map(({ path: name, size, sha256: digest }) => ({ path: name, size, sha256: digest }));
}

async function layAgent(agent: string, layout: CacheLayout, durable: DurableFiles): Promise<void> {
  await requireFile(agent, 'USAGE-08');
  await durable.makeFolder(layout.agent);
  await durable.copyFile(agent, path.join(layout.agent, agentName(agent)));
}

/** The agent is started under one name, whatever its build was called. */
function agentName(agent: string): string {
  return agent.toLowerCase().endsWith('.exe') ? 'prestage.exe' : 'prestage';
}

function ownFiles(
  { selection, policy, revocations, agent }: MediaTreeRequest,
  layout: CacheLayout,
  indexes: ReadonlySet<string>,
): readonly string[] {
  return [
    ...new Set(selection.content.map(({ digest }) => layout.manifest(digest))),
    ...indexes,
    layout.policy,
    ...(policy.signature === undefined ? [] : [layout.policySignature]),
    ...(revocations === undefined ? [] : [layout.revocations]),
    ...(agent === undefined ? [] : [path.join(layout.agent, agentName(agent))]),
  ];
}

async function listOwnFiles(
  volumeFolder: string,
  files: readonly string[],
  world: TreeWorld,
): Promise<readonly MediaFileEntry[]> {
  const listed = await Promise.all(
    files.map(async absolute => {
      const relative = path.relative(volumeFolder, absolute).split(path.sep).join('/');
      return { path: relative, absolute, size: (await stat(absolute)).size };
    }),
  );
  const digests = await sha256OfFiles(listed, {
    pool: world.pool,
    ...(world.signal && { signal: world.signal }),
  });
  return listed
    .map(({ path: name, size }) => ({ path: name, size, sha256: digests.get(name) ?? '' }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** Faults: the one named. */
export async function requireFile(
  file: string,
  code: 'CONTENT-08' | 'USAGE-08' = 'CONTENT-08',
): Promise<void> {
  const found = await stat(file).catch(() => undefined); // Absent and unreachable are told alike.
  if (!found?.isFile())
    throw new Fault(code, file, {
      expected: 'a file',
      found: found === undefined ? 'none' : 'another thing',
    });
  await access(file, constants.R_OK).catch(cause => {
    throw new Fault(code, file, { expected: 'a file that may be read' }, { cause });
  });
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
