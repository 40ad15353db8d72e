// A distribution point as the publisher leaves it, packs and all: one item, version after version.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { createKey } from '../../agent/author/key-files.ts';
import { type Published, publish } from '../../agent/author/publish.ts';
import { decodeManifest } from '../../agent/content/decode-manifest.ts';
import { onDistributionPoint } from '../../agent/content/layout.ts';
import type { ContentManifest, ContentReference } from '../../agent/content/manifest.ts';
import { policySchema } from '../../agent/policy/policy.ts';
import type { Files } from './content-kit.ts';
import { authorKit, layTree } from './site-kit.ts';

const ID = 'CON00001';

export interface PackedPoint {
  /** The folder to serve. */
  readonly point: string;
  /** Publishes these files as a version of the item. */
  publish(
    version: string,
    files: Files,
    more?: { readonly packs?: boolean; readonly rehash?: boolean },
  ): Promise<PackedVersion>;
}

export interface PackedVersion {
  readonly reference: ContentReference;
  readonly manifest: ContentManifest;
  readonly files: Files;
  readonly outcome: Published['items'][number]['outcome'];
  /** The version's folder on the point. */
  readonly folder: string;
}

/** @param folder where site and point are made. */
export function packedPoint(folder: string): PackedPoint {
  const [site, point] = [path.join(folder, 'site'), path.join(folder, 'point')];
  return {
    point,
    async publish(version, files, more = {}) {
      rmSync(path.join(site, 'content'), { recursive: true, force: true });
      const named = Object.entries(files).map(([name, bytes]) => [`content/${ID}/files/${name}`, bytes]);
      layTree(site, {
        'site.yaml': { site: 'CON', name: 'Contoso', keys: { policy: 'policy', media: 'media' } },
        [`content/${ID}/content.yaml`]: { id: ID, type: 'package', name: 'Item', version, source: 'files' },
        ...Object.fromEntries(named),
      });
      const keys = path.join(site, 'keys');
      if (!existsSync(path.join(keys, 'policy.pub'))) await createKey(keys, 'policy');
      const published = await publish({ site, point, ...more }, authorKit());
      const policy = readFileSync(path.join(point, onDistributionPoint.policy(published.serial)), 'utf8');
      const [reference] = policySchema.parse(JSON.parse(policy)).content;
      if (reference === undefined) throw new Error('policy names no content');
      const manifest = path.join(point, onDistributionPoint.manifest(ID, version));
      return {
        reference,
        manifest: decodeManifest(readFileSync(manifest), reference),
        files,
        outcome: published.items[0]!.outcome,
        folder: path.dirname(manifest),
      };
    },
  };
}
