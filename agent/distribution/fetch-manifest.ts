// A content manifest by its reference: from a source, proven by its digest, kept by digest.
import path from 'node:path';
import { decodeManifest } from '../content/decode-manifest.ts';
import { type CacheLayout, onDistributionPoint } from '../content/layout.ts';
import type { ContentManifest, ContentReference } from '../content/manifest.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import type { Source } from './source.ts';
import { openSourceChoice } from './source-choice.ts';
import type { SourceHealth } from './source-health.ts';

export interface FetchManifestWorld {
  readonly layout: CacheLayout;
  readonly durable: DurableFiles;
  readonly sources: readonly Source[];
  readonly health?: SourceHealth;
  readonly signal?: AbortSignal;
}

/**
 * A source whose manifest is not the one vouched for is passed over; when no other has the right one, that refusal is what is thrown
 * (TRUST-07, -08, -09, -10), since it says more than that nothing was to be had. Otherwise CONTENT-01; DISK-*, STOP-01.
 */
export async function fetchManifest(
  reference: ContentReference,
  world: FetchManifestWorld,
): Promise<ContentManifest> {
  const { layout, durable, sources, signal } = world;
  const { id, version, digest, manifestBytes } = reference;
  let refusal: Fault | undefined;
  try {
    return await openSourceChoice(id, sources, world.health).first(async source => {
      try {
        const bytes = await source.readDocument(onDistributionPoint.manifest(id, version), {
          maxBytes: manifestBytes,
          ...(signal ? { signal } : {}),
        });
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
