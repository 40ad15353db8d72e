// Whom a media believes: the keys of policy, of depots, and the newest list of revoked keys.
import { loadPublicKey } from './key-files.ts';
import type { Site } from './read-site.ts';

export interface MediaAuthority {
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
  const policy = await loadPublicKey(folder, keys.policy);
  return { policyKeys: [policy.text], depotKeys: [] };
}
