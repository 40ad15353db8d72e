// Whom a media believes: the keys of policy, of depots, and the newest list of revoked keys.
import { loadPublicKey } from './key-files.ts';
import type { Site } from './read-site.ts';

export interface MediaAuthority {
  /** The key that signs policy now comes first, then those that are to sign it next. */
  readonly policyKeys: readonly string[];
  readonly depotKeys: readonly string[];
  /** The signed list as it lies in the key folder; undefined where nothing was ever revoked. */
  readonly revocations?: {
    readonly serial: number;
    readonly bytes: Uint8Array;
    readonly signature: Uint8Array;
  };
}

/** Faults: USAGE-11. */
export async function mediaAuthority({ keys }: Pick<Site, 'keys'>, folder: string): Promise<MediaAuthority> {
  const policy = [keys.policy, ...(keys.alsoPolicy ?? [])];
  return {
    policyKeys: await publicTexts(folder, policy),
    depotKeys: await publicTexts(folder, keys.depots ?? []),
  };
}

/** A key that is named twice, or under two names, is pinned once. */
async function publicTexts(folder: string, names: readonly string[]): Promise<readonly string[]> {
  const keys = await Promise.all(names.map(name => loadPublicKey(folder, name)));
  return [...new Set(keys.map(({ text }) => text))];
}
