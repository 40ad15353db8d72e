// Whether a plan fits on its volume: while content is fetched, and again when the image is laid beside the cache.
import { Fault } from '../fault/fault.ts';
import type { Plan } from './plan.ts';
import { planBytes } from './plan.ts';

// NTFS metadata, logs and the journal; measured on a volume with 100,000 files it stays below this.
const RESERVE_BYTES = 256 * 1024 * 1024;

/**
 * What is to stay free on a volume or disk beside `heldBytes`, whatever its size: so what is needed is a size that will do. Little (rehearsals) keeps
 * a seventh, which is an eighth of the whole.
 */
export function reserveBytes(heldBytes: number): number {
  return Math.min(RESERVE_BYTES, Math.ceil(heldBytes / 7));
}

export interface SpaceInput {
  readonly plan: Plan;
  readonly volume: { readonly root: string; readonly sizeBytes: number; readonly freeBytes: number };
  /** Bytes that the protected folders hold now, and of what is to be staged there besides content: the agent, 100 MB and more. */
  readonly protectedBytes: number;
  readonly applied: boolean;
  /**
   * The volume that takes Windows where it is not the media's: it is cleared whole, so its size decides. `none` while it does not exist: the disk
   * that it will be made on was measured when it was chosen.
   */
  readonly target?: { readonly root: string; readonly sizeBytes: number } | 'none';
}

/**
 * @throws Fault DISK-01 with `neededBytes` and `missingBytes` when the plan will not fit: what is still to fetch into `freeBytes`; the image beside the
 * cache onto a volume of `sizeBytes`, with all that takes part in it. MACHINE-06 when the target cannot even hold the image alone.
 */
export function requireSpace({ plan, volume, protectedBytes, applied, target }: SpaceInput): void {
  const staging = planBytes(plan).fetch + stagedReuse(plan);
  if (staging > 0 && volume.freeBytes < staging) {
    throw new Fault('DISK-01', volume.root, {
      purpose: 'content still to fetch',
      neededBytes: staging,
      freeBytes: volume.freeBytes,
      missingBytes: staging - volume.freeBytes,
    });
  }
  const image = plan.actions.find(action => action.name === 'apply-image');
  if (image === undefined || applied || target === 'none') return;
  if (target !== undefined) {
    const neededBytes = image.totalBytes + reserveBytes(image.totalBytes);
    if (target.sizeBytes < neededBytes)
      throw new Fault('MACHINE-06', target.root, { neededBytes, sizeBytes: target.sizeBytes });
    return;
  }
  // All else on it is wiped, so what is free now says nothing: the size decides, as for a target.
  const heldBytes = image.totalBytes + protectedBytes + staging;
  const neededBytes = heldBytes + reserveBytes(heldBytes);
  if (volume.sizeBytes < neededBytes) {
    throw new Fault('DISK-01', volume.root, {
      purpose: 'the OS image beside the cache',
      neededBytes,
      imageBytes: image.totalBytes,
      cacheBytes: protectedBytes,
      stagingBytes: staging,
      reserveBytes: reserveBytes(heldBytes),
      sizeBytes: volume.sizeBytes,
      missingBytes: neededBytes - volume.sizeBytes,
    });
  }
}

// A new version is staged beside the old one, so reused bytes need room too; mending in place needs none.
function stagedReuse(plan: Plan): number {
  return plan.items
    .filter(item => item.outcome === 'changed')
    .reduce((sum, item) => sum + item.reusableBytes, 0);
}
