// Whom a media believes: the keys of policy, of depots, and the newest list of revoked keys.

import type { PublicKey } from '../trust/keys.ts';
import { requireUnrevoked } from '../trust/revocations.ts';
import { loadPublicKey } from './key-files.ts';
import { type KeySite, siteRevocations } from './site-revocations.ts';

export interface MediaAuthority {
  /** The key that signs policy now comes first, then those that are to sign it next. */
  readonly policyKeys: readonly string[];
  readonly depotKeys: readonly string[];
  /** The signed list as it lies in the key folder; undefined where nothing was ever revoked. */
  readonly revocations?: { readonly serial: number; readonly bytes: Uint8Array };
}

/** Faults: USAGE-11; TRUST-13 a key that the media would believe is revoked; those of siteRevocations. */
export async function mediaAuthority(site: KeySite, folder: string): Promise<MediaAuthority> {
  const { policy, alsoPolicy = [], depots = [] } = site.keys;
  const revocations = await siteRevocations(site, folder);
  const texts = async (names: readonly string[], subject: string): Promise<readonly string[]> => {
    const keys: PublicKey[] = [];
    for (const name of names) keys.push(await loadPublicKey(folder, name));
    for (const key of keys) requireUnrevoked(`site.yaml ${subject}`, key, revocations?.list);
    // A key that is named twice, or under two names, is pinned once.
    return [...new Set(keys.map(({ text }) => text))];
  };
  return {
    policyKeys: await texts([policy, ...alsoPolicy], 'keys.policy, keys.alsoPolicy'),
    depotKeys: await texts(depots, 'keys.depots'),
    ...(revocations !== undefined && {
      revocations: { serial: revocations.list.serial, bytes: revocations.bytes },
    }),
  };
}
