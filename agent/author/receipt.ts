// Makes the receipt of a depot for a disk that was proven whole, and lays it where first boot looks for it.
import { encodeJson } from '../document/decode-json.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import type { MediaManifest } from '../media/media-manifest.ts';
import { type ReceiptPlace, receiptOnEsp, receiptOnVolume } from '../media/media-paths.ts';
import { type Receipt, receiptSchema } from '../media/receipt.ts';
import type { Clock } from '../progress/clock.ts';
import type { PrivateKey } from '../trust/keys.ts';
import { signDetached } from '../trust/signature.ts';
import { utcSeconds } from './publish-policy.ts';

export interface ProvenDisk {
  readonly manifest: MediaManifest;
  /** SHA-256 of the manifest's bytes, in hex. */
  readonly manifestSha256: string;
  /** Every file that was looked at. */
  readonly files: readonly { readonly bytes: number }[];
  readonly sound: boolean;
}

export interface SignedReceipt {
  readonly receipt: Receipt;
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly keyId: string;
  /** False: the media names no depot, so that first boot will not believe it; it serves the depot's own records. */
  readonly believed: boolean;
}

/** Fault: USAGE-11 when the media names depots, and this key is none of theirs. */
export function makeReceipt(
  { manifest, manifestSha256, files, sound }: ProvenDisk,
  key: PrivateKey,
  { clock, version, serialNumber }: ReceiptMaker,
): SignedReceipt {
  if (!sound) throw new Error('a receipt is for a disk that was proven whole');
  const believed = manifest.depotKeys.includes(key.public.text);
  if (!believed && manifest.depotKeys.length > 0)
    throw new Fault('USAGE-11', `key ${key.public.id}`, {
      expected: `a key of a depot that media ${manifest.name} names (${manifest.depotKeys.join(', ')})`,
      found: key.public.text,
    });
  const receipt = receiptSchema.parse({
    format: 'prestage-receipt/1',
    mediaId: manifest.mediaId,
    manifestSha256,
    ...(serialNumber !== undefined && { serialNumber }),
    time: utcSeconds(clock.now()),
    tool: version,
    files: files.length,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
  });
  const bytes = encodeJson(receipt);
  return { receipt, bytes, signature: signDetached('receipt', bytes, key), keyId: key.public.id, believed };
}

export interface ReceiptMaker {
  readonly clock: Clock;
  readonly version: string;
  /** Of the computer that the disk is in, or goes into. */
  readonly serialNumber?: string;
}

/** @returns where the receipt of an applied media belongs. */
export function receiptPlace({
  esp,
  volume,
}: {
  readonly esp: string | undefined;
  readonly volume: string;
}): ReceiptPlace {
  return esp === undefined ? receiptOnVolume(volume) : receiptOnEsp(esp);
}

/**
 * Replaces an earlier receipt. The signature comes last: cut before it, there is a receipt that nobody believes, and the disk is proven once more.
 * Faults: DISK-01..03.
 */
export async function layReceipt(
  { bytes, signature }: Pick<SignedReceipt, 'bytes' | 'signature'>,
  place: ReceiptPlace,
  durable: Pick<DurableFiles, 'makeFolder' | 'replaceFile' | 'remove'>,
): Promise<void> {
  await durable.makeFolder(place.folder);
  await durable.remove(place.signature);
  await durable.replaceFile(place.receipt, bytes);
  await durable.replaceFile(place.signature, signature);
}
