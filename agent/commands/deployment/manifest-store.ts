// Manifests by digest: from the media volume where they are whole, else from a distribution point, verified either way.

import { decodeManifest } from '../../content/decode-manifest.ts';
import type { CacheLayout } from '../../content/layout.ts';
import { type ContentManifest, type ContentReference, MANIFEST_MAX_BYTES } from '../../content/manifest.ts';
import { type FetchManifestWorld, fetchManifest } from '../../distribution/fetch-manifest.ts';
import { readCapped } from '../../document/read-capped.ts';

export interface ManifestStore {
  /** Faults: CONTENT-01 when it is nowhere to be had, TRUST-07, -08, -09, -10. */
  manifest(reference: ContentReference): Promise<ContentManifest>;
  /** What lies on the volume under this digest, if it is whole; undefined otherwise. */
  localManifest(digest: string): Promise<ContentManifest | undefined>;
}

/** Remembers what it has decoded for the length of a run; what several ask for at once is fetched once. */
export function openManifestStore(layout: CacheLayout, world: FetchManifestWorld): ManifestStore {
  const known = new Map<string, ContentManifest>();
  const fetching = new Map<string, Promise<ContentManifest>>();
  const localManifest = async (digest: string): Promise<ContentManifest | undefined> => {
    const remembered = known.get(digest);
    if (remembered !== undefined) return remembered;
    try {
      const bytes = await readCapped(layout.manifest(digest), MANIFEST_MAX_BYTES);
      if (bytes === undefined) return undefined;
      const manifest = decodeManifest(bytes, { digest });
      known.set(digest, manifest);
      return manifest;
    } catch {
      // Damaged on the disk: as good as absent, because it can be had again and is proven by the same digest.
      return undefined;
    }
  };
  return {
    localManifest,
    async manifest(reference) {
      const local = await localManifest(reference.digest);
      if (local !== undefined) return local;
      const coming = fetching.get(reference.digest) ?? fetchManifest(reference, world);
      fetching.set(reference.digest, coming);
      try {
        const manifest = await coming;
        known.set(reference.digest, manifest);
        return manifest;
      } finally {
        fetching.delete(reference.digest);
      }
    },
  };
}
