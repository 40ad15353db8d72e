// Removes from a distribution point what no policy on it and no listed media needs. Each version goes in one rename, then its bytes.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { onDistributionPoint } from '../content/layout.ts';
import { readCapped } from '../document/read-capped.ts';
import { Fault } from '../fault/fault.ts';
import { besideMediaFile } from '../media/media-paths.ts';
import { readSignedMedia } from '../media/verify-media.ts';
import { POLICY_MAX_BYTES } from '../policy/policy.ts';
import { readSignedPolicy } from '../policy/verify-policy.ts';
import type { PublicKey } from '../trust/keys.ts';
import { SIGNATURE_MAX_BYTES } from '../trust/signature.ts';
import { loadPublicKey, publicKeysIn } from './key-files.ts';
import { requireOwnPoint } from './point-owner.ts';
import { type PrunePlan, planPrune, prunedName } from './prune-plan.ts';
import { type AuthorWorld, alone, keyFolder } from './publish.ts';
import { serialsOn } from './publish-policy.ts';
import { onPoint } from './published-content.ts';
import { readManifestBeside } from './read-media.ts';
import { readSite } from './read-site.ts';

export interface PruneRequest {
  readonly site: string;
  readonly point: string;
  readonly keys?: string;
  /** Media files whose content is needed; their signed manifests lie beside them, the WIMs themselves may be elsewhere. */
  readonly media: readonly string[];
  /** Folders all of whose media are needed. */
  readonly mediaFolders: readonly string[];
}

export interface PruneWorld extends AuthorWorld {
  /** Asked before anything is removed; false or a fault leaves everything. */
  readonly confirm: (plan: PrunePlan) => boolean;
}

export interface Pruned extends PrunePlan {
  readonly point: string;
  /** Serial numbers of the policies whose content was kept. */
  readonly policies: readonly number[];
  /** How many media were minded. */
  readonly media: number;
  readonly removed: boolean;
}

/**
 * What cannot be judged stops it before anything is removed: a policy or a media manifest that is damaged or not the site's own.
 * Cut at any moment, each version is there whole or not there; the next prune removes what is left.
 * Faults: USAGE-03, USAGE-08, USAGE-11, USAGE-14, USAGE-18, TRUST-01, -02, -08, -10, -11, DISK-*, STOP-01, and those of `confirm`.
 */
export async function prunePoint(request: PruneRequest, world: PruneWorld): Promise<Pruned> {
  const point = path.resolve(request.point);
  return await alone(point, world, async () => {
    const site = await readSite(request.site);
    const folder = keyFolder(site, request.keys);
    const keys = [await loadPublicKey(folder, site.keys.policy), ...(await publicKeysIn(folder))];
    await requireOwnPoint(point, site, keys);
    const needed = new Set<string>();
    const need = ({ id, version }: { readonly id: string; readonly version: string }): void =>
      void needed.add(`${id}/${version}`);
    const policies = [...new Set(await serialsOn(point))].toSorted((a, b) => a - b);
    if (policies.length === 0)
      throw new Fault('USAGE-08', point, { expected: 'a folder that `prestage publish` wrote' });
    for (const serial of policies) {
      const bytes = await published(onPoint(point, onDistributionPoint.policy(serial)), POLICY_MAX_BYTES);
      const signature = onPoint(point, onDistributionPoint.policySignature(serial));
      const policy = readSignedPolicy(bytes, await published(signature, SIGNATURE_MAX_BYTES), {
        keys,
        site: site.site,
      });
      policy.content.forEach(need);
    }
    const media = [...request.media, ...(await mediaIn(request.mediaFolders))];
    for (const wim of media) (await contentOf(wim, keys, site.site)).forEach(need);
    const plan = await planPrune(point, needed);
    const removed = plan.versions.length + plan.leftovers.length > 0 && world.confirm(plan);
    if (removed) await remove(point, plan, world);
    return { ...plan, point, policies, media: media.length, removed };
  });
}

async function remove(
  point: string,
  { versions, leftovers }: PrunePlan,
  { durable, observe, signal }: PruneWorld,
): Promise<void> {
  const totalBytes = versions.reduce((sum, { bytes }) => sum + bytes, 0);
  let doneBytes = 0;
  observe({ kind: 'started', stage: 'clean-up', totalBytes });
  for (const leftover of leftovers) await durable.remove(onPoint(point, leftover));
  for (const { id, version, bytes } of versions) {
    if (signal?.aborted) throw new Fault('STOP-01', 'prune', {}, { cause: signal.reason });
    const folder = path.dirname(onPoint(point, onDistributionPoint.manifest(id, version)));
    const pruned = path.join(path.dirname(folder), prunedName(version));
    await durable.remove(pruned);
    await durable.rename(folder, pruned);
    await durable.remove(pruned);
    if ((await readdir(path.dirname(folder))).length === 0) await durable.remove(path.dirname(folder));
    doneBytes += bytes;
    observe({ kind: 'advanced', stage: 'clean-up', subject: `${id} ${version}`, doneBytes, totalBytes });
  }
}

/** @returns the media files of folders, by the manifests beside them. Fault: USAGE-08 for a folder without any: most likely mistyped. */
async function mediaIn(folders: readonly string[]): Promise<readonly string[]> {
  const ending = path.basename(besideMediaFile('').manifest);
  const found: string[] = [];
  for (const folder of folders) {
    const names = await readdir(folder).catch(cause => {
      throw new Fault('USAGE-08', folder, {}, { cause });
    });
    const media = names.filter(name => name.toLowerCase().endsWith(`.wim${ending}`));
    if (media.length === 0)
      throw new Fault('USAGE-08', folder, { expected: `media: files called *.wim${ending}`, found: 'none' });
    found.push(...media.map(name => path.join(folder, name.slice(0, -ending.length))));
  }
  return found;
}

async function contentOf(
  wim: string,
  keys: readonly PublicKey[],
  site: string,
): Promise<readonly { readonly id: string; readonly version: string }[]> {
  const beside = await readManifestBeside(path.resolve(wim));
  const { manifest: place } = besideMediaFile(wim);
  if (beside === undefined) throw new Fault('USAGE-08', place, { expected: 'the manifest beside the media' });
  const { manifest } = readSignedMedia(beside.bytes, beside.signature, keys);
  if (manifest.site !== site) throw new Fault('TRUST-11', place, { expected: site, found: manifest.site });
  return manifest.content;
}

async function published(file: string, maxBytes: number): Promise<Uint8Array> {
  const bytes = await readCapped(file, maxBytes, { unreadable: 'USAGE-08' });
  if (bytes === undefined) throw new Fault('USAGE-08', file, { found: 'no file' });
  return bytes;
}
