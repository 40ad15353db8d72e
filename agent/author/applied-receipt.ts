// The receipt that lies on applied media, judged as first boot will, but for the computer: that one is not here.
import { asFault } from '../fault/fault.ts';
import { type JudgedReceipt, judgeReceipt, reasonOf } from '../media/judge-receipt.ts';
import type { MediaManifest } from '../media/media-manifest.ts';
import { receiptOnEsp, receiptOnVolume, volumePath } from '../media/media-paths.ts';
import { RECEIPT_MAX_BYTES } from '../media/receipt.ts';
import { publicKey } from '../trust/keys.ts';
import { SIGNATURE_MAX_BYTES } from '../trust/signature.ts';
import type { AppliedTree, MediaPart } from './applied-tree.ts';

/** Never throws for what is found. Faults: DISK-09 an image that cannot be read, STOP-01. */
export async function judgeAppliedReceipt(
  tree: AppliedTree,
  { manifest, manifestSha256 }: { readonly manifest: MediaManifest; readonly manifestSha256: string },
): Promise<JudgedReceipt> {
  const keys = manifest.depotKeys.map(publicKey);
  const matter = { keys, mediaId: manifest.mediaId, manifestSha256 };
  const all: JudgedReceipt[] = [];
  for (const part of ['esp', 'volume'] as const) {
    if (part === 'esp' && tree.esp === undefined) continue;
    try {
      all.push(await judgeReceipt(await readReceipt(tree, part), matter));
    } catch (thrown) {
      if (asFault(thrown).code === 'DISK-09') throw thrown;
      all.push({ outcome: 'not-believed', why: reasonOf(thrown) });
    }
  }
  return (
    all.find(({ outcome }) => outcome === 'vouched') ??
    all.find(({ outcome }) => outcome === 'not-believed') ?? { outcome: 'none' }
  );
}

async function readReceipt(tree: AppliedTree, part: MediaPart) {
  const place = part === 'esp' ? receiptOnEsp('') : receiptOnVolume('');
  const bytes = await tree.read({ part, path: volumePath(place.receipt) }, RECEIPT_MAX_BYTES);
  if (bytes === undefined) return undefined;
  return {
    bytes,
    signature: await tree.read({ part, path: volumePath(place.signature) }, SIGNATURE_MAX_BYTES),
  };
}
