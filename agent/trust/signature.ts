// Detached signatures: `X.sig` beside `X`, made over the exact bytes of X and the kind of document it is.
import { sign, verify } from 'node:crypto';
import { z } from 'zod';
import { encodeJson } from '../document/decode-json.ts';
import { Fault } from '../fault/fault.ts';
import { keyIdText, type PrivateKey, type PublicKey } from './keys.ts';

/** Cap on a signature file, before it is parsed. */
export const SIGNATURE_MAX_BYTES = 4096;

/** What is signed. A signature for one kind never passes for another, though the bytes be equal. */
export const signatureDomain = z.enum([
  'media',
  'policy',
  'media-file',
  'capture-order',
  'revocations',
  'receipt',
]);
export type SignatureDomain = z.infer<typeof signatureDomain>;

export const signatureSchema = z.strictObject({
  format: z.literal('prestage-signature/1'),
  domain: signatureDomain,
  keyId: keyIdText,
  signature: z.base64().length(88),
});

export interface DetachedRequest {
  readonly domain: SignatureDomain;
  /** Names the document in messages. */
  readonly subject: string;
  readonly bytes: Uint8Array;
  /** The signature file's bytes; undefined when there is none. */
  readonly signature: Uint8Array | undefined;
  /** The keys that may vouch for it. */
  readonly keys: readonly PublicKey[];
  /** What to do when the key is none of these, where more is known than the catalogue says. */
  readonly otherwise?: string;
}

/** @returns the bytes of the signature file. */
export function signDetached(domain: SignatureDomain, bytes: Uint8Array, key: PrivateKey): Uint8Array {
  const signature = sign(null, signedBytes(domain, bytes), key.key).toString('base64');
  return encodeJson({ format: 'prestage-signature/1', domain, keyId: key.public.id, signature });
}

/**
 * Pure. Says nothing about when: see validity.ts.
 * @returns the key that vouches for the bytes. Faults: TRUST-01 no signature, TRUST-02 not by one of `keys` over these bytes.
 */
export function verifyDetached({
  domain,
  subject,
  bytes,
  signature,
  keys,
  otherwise,
}: DetachedRequest): PublicKey {
  if (signature === undefined) throw new Fault('TRUST-01', subject, { expected: `${subject}.sig` });
  const decoded = decodeSignature(signature, subject);
  if (decoded.domain !== domain)
    throw new Fault('TRUST-02', subject, { expected: domain, found: decoded.domain });
  const key = keys.find(candidate => candidate.id === decoded.keyId);
  if (key === undefined) {
    const pinned = keys.map(({ id }) => id).join(', ');
    throw new Fault('TRUST-02', subject, {
      expected: pinned === '' ? 'a pinned key, but none is pinned' : `a signature by key ${pinned}`,
      found: `a signature by key ${decoded.keyId}`,
      ...(otherwise !== undefined && { otherwise }),
    });
  }
  const good = verify(null, signedBytes(domain, bytes), key.key, Buffer.from(decoded.signature, 'base64'));
  if (!good)
    throw new Fault('TRUST-02', subject, {
      expected: `the bytes that key ${key.id} signed`,
      found: 'other bytes',
    });
  return key;
}

/** Separated by a zero byte, which no domain contains. */
function signedBytes(domain: SignatureDomain, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`prestage/${domain}/1\0`, 'utf8'), bytes]);
}

function decodeSignature(bytes: Uint8Array, subject: string): z.infer<typeof signatureSchema> {
  const expected = 'a prestage-signature/1 document';
  if (bytes.byteLength > SIGNATURE_MAX_BYTES) {
    throw new Fault('TRUST-02', subject, { expected, found: `${bytes.byteLength} bytes` });
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new Fault('TRUST-02', subject, { expected, found: 'not JSON' }, { cause });
  }
  const parsed = signatureSchema.safeParse(value);
  if (!parsed.success)
    throw new Fault('TRUST-02', subject, { expected, found: 'another document' }, { cause: parsed.error });
  return parsed.data;
}
