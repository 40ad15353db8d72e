// Whether a depot has vouched for this disk: its receipt by a key that the media names, for this very media, and for this computer where it names one.
import { decodeJson, refuseOversize } from '../document/decode-json.ts';
import { asFault, Fault } from '../fault/fault.ts';
import type { PublicKey } from '../trust/keys.ts';
import { verifyDetached } from '../trust/signature.ts';
import { RECEIPT_MAX_BYTES, type Receipt, receiptSchema } from './receipt.ts';

/** In words, for screen, journal and report. */
export type JudgedReceipt =
  | ({ readonly outcome: 'vouched'; readonly keyId: string } & Pick<
      Receipt,
      'serialNumber' | 'time' | 'tool' | 'files' | 'bytes'
    >)
  | { readonly outcome: 'none' }
  /** `why` is a sentence without its full stop. */
  | { readonly outcome: 'not-believed'; readonly why: string };

export interface FoundReceipt {
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array | undefined;
}

export interface ReceiptMatter {
  /** Keys of depots that may vouch. */
  readonly keys: readonly PublicKey[];
  readonly mediaId: string;
  readonly manifestSha256: string;
  /** Asked only of a receipt that names one. Left out where the disk is not in its computer yet: then the receipt's is told, not judged. */
  readonly serialNumber?: () => Promise<string | undefined>;
}

/** Never throws for what is found: a receipt that is wrong in any way is not believed, and the reason is told. */
export async function judgeReceipt(
  found: FoundReceipt | undefined,
  matter: ReceiptMatter,
): Promise<JudgedReceipt> {
  if (found === undefined) return { outcome: 'none' };
  if (matter.keys.length === 0) return notBelieved('the media names no key of a depot that may vouch');
  try {
    const { receipt, key } = readReceipt(found, matter.keys);
    const wrong = await contradiction(receipt, matter);
    if (wrong !== undefined) return notBelieved(wrong);
    const { serialNumber, time, tool, files, bytes } = receipt;
    return {
      outcome: 'vouched',
      keyId: key.id,
      time,
      tool,
      files,
      bytes,
      ...(serialNumber !== undefined && { serialNumber }),
    };
  } catch (thrown) {
    return notBelieved(reasonOf(thrown));
  }
}

/** Pure. Faults: TRUST-08, TRUST-01, TRUST-02, TRUST-10. */
function readReceipt(
  { bytes, signature }: FoundReceipt,
  keys: readonly PublicKey[],
): { readonly receipt: Receipt; readonly key: PublicKey } {
  const document = { name: 'receipt.json', maxBytes: RECEIPT_MAX_BYTES };
  refuseOversize(bytes, document);
  const key = verifyDetached({ domain: 'receipt', subject: document.name, bytes, signature, keys });
  return { receipt: decodeJson(bytes, receiptSchema, document), key };
}

async function contradiction(receipt: Receipt, matter: ReceiptMatter): Promise<string | undefined> {
  if (receipt.mediaId !== matter.mediaId)
    return `it is for media ${receipt.mediaId}, and this is ${matter.mediaId}`;
  if (receipt.manifestSha256 !== matter.manifestSha256) return 'it is for another manifest of this media';
  if (receipt.serialNumber === undefined || matter.serialNumber === undefined) return undefined;
  const own = await matter.serialNumber();
  if (own !== undefined && sameSerial(own, receipt.serialNumber)) return undefined;
  return `it is for the computer with serial number ${receipt.serialNumber}, and this one ${own === undefined ? 'tells none' : `has ${own}`}`;
}

/** A depot may have typed what the firmware tells. */
function sameSerial(a: string, b: string): boolean {
  return a.trim().toUpperCase() === b.trim().toUpperCase();
}

/** What went wrong with a receipt, as a reason not to believe it. STOP-01 and mistakes of the program are thrown on. */
export function reasonOf(thrown: unknown): string {
  const fault = asFault(thrown);
  if (!/^(TRUST|DISK|USAGE)-/.test(fault.code)) throw thrown;
  const { expected, found, native } = fault.detail;
  const facts = [
    ...(expected === undefined ? [] : [`expected ${String(expected)}`]),
    ...(found === undefined ? [] : [`found ${String(found)}`]),
    ...(native === undefined ? [] : [String(native)]),
  ];
  return [`${fault.code} ${fault.entry.title}`, ...facts].join(', ');
}

/** A receipt that is demanded and not there, or not believed. */
export function receiptFault(subject: string, judged: Exclude<JudgedReceipt, { outcome: 'vouched' }>): Fault {
  return new Fault('TRUST-16', subject, {
    expected: 'a receipt of a depot that the media names',
    found: judged.outcome === 'none' ? 'none' : judged.why,
  });
}

function notBelieved(why: string): JudgedReceipt {
  return { outcome: 'not-believed', why };
}
