// A box that a password opens: scrypt (RFC 7914) makes a key of it, AES-256-GCM keeps what is inside. The parameters lie with the box.
import { z } from 'zod';

const base64 = (bytes: number) =>
  z.base64().refine(text => Buffer.from(text, 'base64').byteLength === bytes, `${bytes} bytes in base64`);

export const passwordBoxSchema = z.strictObject({
  format: z.literal('prestage-password-box/1'),
  /** scrypt's cost: N is two to the power of this. */
  logN: z.int().min(14).max(20),
  r: z.literal(8),
  p: z.int().min(1).max(4),
  salt: base64(16),
  /** Tells a wrong password from damage; says no more of the password than the box itself does. */
  check: base64(16),
  nonce: base64(12),
  /** Ciphertext and its tag of 16 bytes, base64. */
  box: z.base64().max(1024 * 1024),
});
export type PasswordBox = Readonly<z.infer<typeof passwordBoxSchema>>;
