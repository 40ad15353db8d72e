// The capture order: what `prestage associate` signs for the old computer, so that it knows what to capture, where to and under which key. It
// holds a secret: whoever has the order can read and write this one store.
import { z } from 'zod';
import { contentReferenceSchema } from '../content/manifest.ts';
import { decodeJson, refuseOversize } from '../document/decode-json.ts';
import { distributionPoint, siteCode, smbiosUuid, utcTime } from '../document/fields.ts';
import type { PublicKey } from '../trust/keys.ts';
import { verifyDetached } from '../trust/signature.ts';
import { boundedTime, checkPolicyExpiry } from '../trust/validity.ts';
import { userStateSchema } from './machine-record.ts';

/** Cap on a capture order, before it is parsed. */
export const CAPTURE_ORDER_MAX_BYTES = 64 * 1024;

export const captureOrderSchema = z
  .strictObject({
    format: z.literal('prestage-capture-order/1'),
    site: siteCode,
    /** ID of the computer association; the name of the store's folder. */
    association: z.uuid(),
    created: utcTime,
    expires: utcTime,
    /** The old computer: every identifier given must be its own. */
    computer: z
      .strictObject({ serial: z.string().min(1).max(256).optional(), uuid: smbiosUuid.optional() })
      .refine(({ serial, uuid }) => serial !== undefined || uuid !== undefined, 'expected serial or uuid'),
    store: userStateSchema.shape.store,
    key: userStateSchema.shape.key,
    method: userStateSchema.shape.method,
    /** With `usmt`: the published package that holds scanstate and loadstate, and where it is fetched. */
    package: contentReferenceSchema.optional(),
    distributionPoints: z.array(distributionPoint).max(64).default([]),
  })
  .refine(order => order.method !== 'usmt' || order.package !== undefined, {
    path: ['package'],
    message: 'required with method usmt, but absent',
  });

export type CaptureOrder = Readonly<z.infer<typeof captureOrderSchema>>;

export interface CaptureOrderExpectation {
  /** The keys that may vouch for it: the site's policy keys. */
  readonly keys: readonly PublicKey[];
  /** Told which key vouches, before anything is believed; refuses one that is revoked. */
  readonly judge?: (key: PublicKey) => void;
  readonly clock: Date;
  /** Names the document in messages. */
  readonly subject: string;
}

/** Pure. Faults, in this order: TRUST-08, TRUST-01, TRUST-02, TRUST-10, TRUST-05 expired. Whether this is the computer is the caller's to ask. */
export function readCaptureOrder(
  bytes: Uint8Array,
  signature: Uint8Array | undefined,
  { keys, judge, clock, subject }: CaptureOrderExpectation,
): CaptureOrder {
  const document = { name: subject, maxBytes: CAPTURE_ORDER_MAX_BYTES };
  refuseOversize(bytes, document);
  const key = verifyDetached({ domain: 'capture-order', subject, bytes, signature, keys });
  judge?.(key);
  const order = decodeJson(bytes, captureOrderSchema, document);
  checkPolicyExpiry(subject, order.expires, boundedTime(clock, [order.created]));
  return order;
}
