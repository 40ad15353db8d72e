// The list of revoked keys: signed by the offline root key that agent.yaml pins, and by no other. List and signature lie in one file, so that no
// reader and no power cut ever finds one of them with another's.
import { z } from 'zod';
import { decodeJson, encodeJson } from '../document/decode-json.ts';
import { siteCode, utcTime } from '../document/fields.ts';
import { Fault } from '../fault/fault.ts';
import { keyIdText, type PrivateKey, type PublicKey, publicKeyText } from './keys.ts';
import { signatureSchema, signDetached, verifyDetached } from './signature.ts';

/** Cap on the signed file, before it is parsed. */
export const REVOCATIONS_MAX_BYTES = 256 * 1024;

export const revocationsSchema = z.strictObject({
  format: z.literal('prestage-revocations/1'),
  site: siteCode,
  /** Grows with each list: an older one is a replay. */
  serial: z.int().min(1),
  created: utcTime,
  revoked: z
    .array(
      z.strictObject({
        keyId: keyIdText,
        publicKey: publicKeyText,
        /** When it was revoked, for people. What the key signed before is refused as well: a thief dates as he likes. */
        since: utcTime,
        reason: z.string().max(1024).optional(),
      }),
    )
    .max(256),
});
export type Revocations = Readonly<z.infer<typeof revocationsSchema>>;
export type RevokedKey = Revocations['revoked'][number];

/** The file: the list as the text that was signed, byte for byte, and the signature over it. */
export const signedRevocationsSchema = z.strictObject({
  format: z.literal('prestage-signed-revocations/1'),
  list: z.string().max(REVOCATIONS_MAX_BYTES),
  signature: signatureSchema,
});

/** @returns the bytes of the file. Fault: TRUST-08 larger than any reader takes. */
export function signRevocations(list: Revocations, root: PrivateKey): Uint8Array {
  const text = JSON.stringify(revocationsSchema.parse(list));
  const signature = signDetached('revocations', Buffer.from(text), root);
  const bytes = encodeJson({
    format: 'prestage-signed-revocations/1',
    list: text,
    signature: JSON.parse(Buffer.from(signature).toString('utf8')),
  });
  if (bytes.byteLength > REVOCATIONS_MAX_BYTES)
    throw new Fault('TRUST-08', 'revocations.json', {
      expected: `at most ${REVOCATIONS_MAX_BYTES} bytes`,
      found: bytes.byteLength,
    });
  return bytes;
}

export interface RevocationsExpectation {
  /** The root keys that may vouch for it. */
  readonly roots: readonly PublicKey[];
  readonly site: string;
  /** Names the file in messages. */
  readonly subject: string;
}

/** Pure; whether a list is a replay is for the reader who knows the newest. Faults, in this order: TRUST-08, TRUST-10, TRUST-02, TRUST-11. */
export function readRevocations(
  bytes: Uint8Array,
  { roots, site, subject }: RevocationsExpectation,
): Revocations {
  const document = { name: subject, maxBytes: REVOCATIONS_MAX_BYTES };
  const file = decodeJson(bytes, signedRevocationsSchema, document);
  const list = Buffer.from(file.list, 'utf8');
  verifyDetached({
    domain: 'revocations',
    subject,
    bytes: list,
    signature: encodeJson(file.signature),
    keys: roots,
  });
  const decoded = decodeJson(list, revocationsSchema, document);
  if (decoded.site !== site) throw new Fault('TRUST-11', subject, { expected: site, found: decoded.site });
  return decoded;
}

/** Judges by the whole key, never by its ID, which is short enough to be met by another. Fault: TRUST-13; `subject` is what the key signed. */
export function requireUnrevoked(
  subject: string,
  key: Pick<PublicKey, 'id' | 'text'>,
  list: Revocations | undefined,
): void {
  const entry = list?.revoked.find(({ publicKey }) => publicKey === key.text);
  if (list === undefined || entry === undefined) return;
  throw new Fault('TRUST-13', subject, {
    expected: 'a key that is not revoked',
    found: `key ${key.id}, revoked since ${entry.since}`,
    ...(entry.reason !== undefined && { reason: entry.reason }),
    list: `serial ${list.serial} of site ${list.site}`,
  });
}
