// Reads a distribution point folder as a machine would that believes nothing: the current policy, and every byte of all that it names.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { badPublishedFiles } from '../../agent/author/published-content.ts';
import { decodeManifest } from '../../agent/content/decode-manifest.ts';
import { openFolderSource } from '../../agent/distribution/folder-source.ts';
import { fetchPolicy } from '../../agent/policy/fetch-policy.ts';
import type { Policy } from '../../agent/policy/policy.ts';
import { verifyPolicy } from '../../agent/policy/verify-policy.ts';
import type { PublicKey } from '../../agent/trust/keys.ts';
import { authorKit } from './site-kit.ts';

/** Throws what is not as the policy says. */
export async function provenPolicy(
  point: string,
  key: PublicKey,
  now = '2026-03-02T00:00:00Z',
): Promise<Policy> {
  const { pool } = authorKit();
  const served = await fetchPolicy(openFolderSource({ url: point, priority: 1 }, point));
  const { policy } = verifyPolicy(served.bytes, served.signature, {
    keys: [key],
    site: 'CON',
    floor: 1,
    clock: new Date(now),
    provenTimes: [],
  });
  for (const reference of policy.content) {
    const folder = path.join(point, 'content', reference.id, reference.version);
    const manifest = decodeManifest(readFileSync(path.join(folder, 'manifest.json')), reference);
    const bad = await badPublishedFiles(point, manifest, { pool });
    if (bad.length > 0)
      throw new Error(`${reference.id} ${reference.version}: ${bad.map(file => file.path)}`);
  }
  return policy;
}
