// A content manifest by its reference: from a source, proven by its digest, kept by digest.
import { createHash } from 'node:crypto';
import path from 'node:path';
import { decodeManifest } from '../content/decode-manifest.ts';
import { isDiffered, unpackDifference } from '../content/difference.ts';
import { type CacheLayout, onDistributionPoint } from '../content/layout.ts';
import type { ContentManifest, ContentReference } from '../content/manifest.ts';
import { isPackedManifest, unpackManifest } from '../content/packed-manifest.ts';
import { readCapped } from '../document/read-capped.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import { type Deadline, withinDeadline } from './deadline.ts';
import type { Source } from './source.ts';
import { openSourceChoice } from './source-choice.ts';
import { isAbsentOrWrong } from './source-failure.ts';
import type { SourceHealth } from './source-health.ts';

export interface FetchManifestWorld {
  readonly layout: CacheLayout;
  readonly durable: DurableFiles;
  readonly sources: readonly Source[];
  /** Which version of an item lies in the cache; its manifest is what a newer one may come as a difference from. */
  readonly cached?: (id: string) => ContentReference | undefined;
  readonly health?: SourceHealth;
  readonly signal?: AbortSignal;
  readonly deadline?: Deadline;
}

/**
 * A source whose manifest is not the one vouched for is passed over; when no other has the right one, that refusal is what is thrown
 * (TRUST-07, -08, -09, -10), since it says more than that nothing was to be had. Otherwise CONTENT-01; DISK-*, STOP-01, STOP-03.
 */
export function fetchManifest(
  reference: ContentReference,
  world: FetchManifestWorld,
): Promise<ContentManifest> {
  return withinDeadline(reference.id, world, limited => fromSources(reference, limited));
}

async function fromSources(reference: ContentReference, world: FetchManifestWorld): Promise<ContentManifest> {
  const { layout, durable, sources, signal } = world;
  const { id, version, digest } = reference;
  let refusal: Fault | undefined;
  const packed = await packedForms(reference, world);
  try {
    return await openSourceChoice(id, sources, world.health).first(async source => {
      try {
        const bytes =
          (await readPacked(source, reference, packed, signal)) ??
          (await readPlain(source, reference, signal));
        const manifest = decodeManifest(bytes, { digest, id, version });
        const place = layout.manifest(digest);
        await durable.makeFolder(path.dirname(place));
        await durable.replaceFile(place, bytes);
        return manifest;
      } catch (thrown) {
        if (thrown instanceof Fault && thrown.code.startsWith('TRUST-')) refusal = thrown;
        throw thrown;
      }
    });
  } catch (thrown) {
    if (refusal && thrown instanceof Fault && thrown.code === 'CONTENT-01') throw refusal;
    throw thrown;
  }
}

function readPlain(
  source: Source,
  { id, version, manifestBytes: maxBytes }: ContentReference,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  return source.readDocument(onDistributionPoint.manifest(id, version), {
    maxBytes,
    ...(signal ? { signal } : {}),
  });
}

interface PackedForm {
  readonly path: string;
  /** @returns undefined for what cannot be one of the manifest. */
  readonly unpack: (packed: Uint8Array) => Uint8Array | undefined;
}

/** The fewest bytes first. */
async function packedForms(
  { id, version, manifestBytes }: ContentReference,
  { cached, layout }: FetchManifestWorld,
): Promise<readonly PackedForm[]> {
  const forms: PackedForm[] = [];
  const there = cached?.(id);
  if (there !== undefined && there.version !== version && isDiffered(manifestBytes, there.manifestBytes)) {
    // What cannot be read, or is damaged, is as good as absent.
    const older = await readCapped(layout.manifest(there.digest), there.manifestBytes).catch(() => undefined);
    if (older !== undefined && sha256Of(older) === there.digest)
      forms.push({
        path: onDistributionPoint.manifestFrom(id, version, there.version),
        unpack: packed => unpackDifference(packed, manifestBytes, older),
      });
  }
  if (isPackedManifest(manifestBytes))
    forms.push({
      path: onDistributionPoint.packedManifest(id, version),
      unpack: packed => unpackManifest(packed, manifestBytes),
    });
  return forms;
}

/** @returns undefined where there is none, or not the right one: a saving, which nobody is blamed for. Other failures would be those of the plain one, too. */
async function readPacked(
  source: Source,
  { digest, manifestBytes }: ContentReference,
  forms: readonly PackedForm[],
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  for (const { path: from, unpack } of forms) {
    try {
      const packed = await source.readDocument(from, {
        maxBytes: manifestBytes,
        ...(signal ? { signal } : {}),
      });
      const bytes = unpack(packed);
      if (bytes !== undefined && sha256Of(bytes) === digest) return bytes;
    } catch (thrown) {
      if (thrown instanceof Fault && isAbsentOrWrong(thrown)) continue;
      throw thrown;
    }
  }
  return undefined;
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
