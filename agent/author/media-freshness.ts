// Whether a media that was made some time ago is still what the newest policy would have put on it.
import type { MediaManifest } from '../media/media-manifest.ts';
import type { Policy } from '../policy/policy.ts';

/** `withdrawn`: policy has no item of this ID any more. */
export interface ItemFreshness {
  readonly id: string;
  readonly version: string;
  readonly name: string;
  readonly state: 'current' | 'superseded' | 'withdrawn';
  /** The version of the policy, where it is another. */
  readonly now?: string;
}

export interface MediaFreshness {
  readonly serial: number;
  readonly created: string;
  readonly items: readonly ItemFreshness[];
  /** Whether policy still has the task sequence and the OS image index for which the media was made. */
  readonly taskSequence: 'current' | 'other-image' | 'withdrawn';
  /** Bytes that a computer would fetch at the most, were it deployed now; what its files have in common is not fetched. */
  readonly supersededBytes: number;
}

/** Pure. The boot image is not compared: the media does not say which item it came from. */
export function freshnessOf(manifest: MediaManifest, policy: Policy): MediaFreshness {
  const published = new Map(policy.content.map(reference => [reference.id, reference]));
  const items = manifest.content.map(({ id, version, name, digest }): ItemFreshness => {
    const now = published.get(id);
    if (now === undefined) return { id, version, name, state: 'withdrawn' };
    if (now.digest === digest) return { id, version, name, state: 'current' };
    return { id, version, name, state: 'superseded', now: now.version };
  });
  const sequence = policy.taskSequences.find(({ id }) => id === manifest.taskSequence);
  return {
    serial: policy.serial,
    created: policy.created,
    items,
    taskSequence: sequence === undefined ? 'withdrawn' : sameImage(sequence.osImage, manifest.osImage),
    supersededBytes: items
      .filter(({ state }) => state === 'superseded')
      .reduce((sum, { id }) => sum + (published.get(id)?.totalBytes ?? 0), 0),
  };
}

function sameImage(
  now: MediaManifest['osImage'],
  then: MediaManifest['osImage'],
): MediaFreshness['taskSequence'] {
  return now.id === then.id && now.index === then.index ? 'current' : 'other-image';
}
