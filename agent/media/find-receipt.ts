// Looks for a depot's receipt where one may lie, and judges it. Reads only, and never more than a receipt may be long.
import { lstat } from 'node:fs/promises';
import { readCapped } from '../document/read-capped.ts';
import { SIGNATURE_MAX_BYTES } from '../trust/signature.ts';
import {
  type FoundReceipt,
  type JudgedReceipt,
  judgeReceipt,
  type ReceiptMatter,
  reasonOf,
} from './judge-receipt.ts';
import { type ReceiptPlace, receiptOnEsp, receiptOnVolume } from './media-paths.ts';
import { RECEIPT_MAX_BYTES } from './receipt.ts';

/** The ESP's comes first; the first that is believed counts, else the first that is there. */
export async function findReceipt(
  { esp, volume }: { readonly esp: string | undefined; readonly volume: string },
  matter: ReceiptMatter,
): Promise<JudgedReceipt> {
  const places = [...(esp === undefined ? [] : [receiptOnEsp(esp)]), receiptOnVolume(volume)];
  const all: JudgedReceipt[] = [];
  for (const place of places) all.push(await judgePlace(place, matter));
  return (
    all.find(({ outcome }) => outcome === 'vouched') ??
    all.find(({ outcome }) => outcome === 'not-believed') ?? { outcome: 'none' }
  );
}

async function judgePlace(place: ReceiptPlace, matter: ReceiptMatter): Promise<JudgedReceipt> {
  let found: FoundReceipt | undefined;
  try {
    found = await readReceiptAt(place);
  } catch (thrown) {
    return { outcome: 'not-believed', why: reasonOf(thrown) };
  }
  return judgeReceipt(found, matter);
}

/** @returns undefined when there is none. Faults: TRUST-08, DISK-03. */
async function readReceiptAt(place: ReceiptPlace): Promise<FoundReceipt | undefined> {
  const bytes = await readPlain(place.receipt, RECEIPT_MAX_BYTES);
  if (bytes === undefined) return undefined;
  return { bytes, signature: await readPlain(place.signature, SIGNATURE_MAX_BYTES) };
}

/** No link: what a receipt vouches for is this disk. */
async function readPlain(file: string, maxBytes: number): Promise<Uint8Array | undefined> {
  const found = await lstat(file).catch(() => undefined); // Absent is an answer here.
  return found?.isFile() ? readCapped(file, maxBytes) : undefined;
}
