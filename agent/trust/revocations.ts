// The list of revoked keys: signed by the offline root key that agent.yaml pins, and by no other.
import { z } from 'zod';
import { siteCode, utcTime } from '../document/fields.ts';
import { keyIdText, publicKeyText } from './keys.ts';

/** Cap on the list, before it is parsed. */
export const REVOCATIONS_MAX_BYTES = 64 * 1024;

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
        since: utcTime,
        reason: z.string().max(1024).optional(),
      }),
    )
    .max(256),
});
export type Revocations = Readonly<z.infer<typeof revocationsSchema>>;
