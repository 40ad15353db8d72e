// The receipt of a depot: who proved which disk of which machine, file by file, and when. Signed by the depot's key.
import { z } from 'zod';
import { sha256Text } from '../content/manifest.ts';
import { shortText, utcTime } from '../document/fields.ts';

/** Cap on a receipt, before it is parsed. */
export const RECEIPT_MAX_BYTES = 16 * 1024;

export const receiptSchema = z.strictObject({
  format: z.literal('prestage-receipt/1'),
  mediaId: z.uuid(),
  /** SHA-256 of the media manifest that the disk was proven against. */
  manifestSha256: sha256Text,
  /** Serial number of the machine, as its firmware tells it; left out for a disk that was in no machine. */
  serialNumber: shortText.optional(),
  time: utcTime,
  /** Version of Prestage that proved the disk. */
  tool: shortText,
  files: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
});
export type Receipt = Readonly<z.infer<typeof receiptSchema>>;
