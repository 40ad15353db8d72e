// A box that a password opens: scrypt (RFC 7914) makes a key of it, AES-256-GCM keeps what is inside. The parameters lie with the box.
import { createCipheriv, createDecipheriv, hkdfSync, scrypt, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { Fault } from '../fault/fault.ts';

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

/** 128 MiB and about half a second for each guess; a Windows PE has the memory. */
const COST = { logN: 17, r: 8, p: 1 } as const;

const KEY_BYTES = 32;
const TAG_BYTES = 16;

/** @param random so many bytes that nobody can foresee. @returns a box that this password alone opens; case and blanks count. */
export async function sealWithPassword(
  plain: Uint8Array,
  password: string,
  random: (bytes: number) => Uint8Array,
  cost: Pick<PasswordBox, 'logN' | 'r' | 'p'> = COST,
): Promise<PasswordBox> {
  const salt = Buffer.from(random(16)).toString('base64');
  const nonce = random(12);
  const { key, check } = await keysOf({ ...cost, salt }, password);
  const open = { format: 'prestage-password-box/1', ...cost, salt, check: check.toString('base64') } as const;
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(boundWith(open));
  const box = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return { ...open, nonce: Buffer.from(nonce).toString('base64'), box: box.toString('base64') };
}

/** @param subject what the box belongs to, for messages. Faults: TRUST-14 another password, TRUST-15 the password is right and the box is damaged. */
export async function openWithPassword(
  box: PasswordBox,
  password: string,
  subject = 'password box',
): Promise<Uint8Array> {
  return openWithKey(box, await keyOfPassword(box, password, subject), subject);
}

/**
 * @returns the key of this one box: whoever has it opens the box, and knows no more of the password than the box tells.
 * Fault: TRUST-14 another password.
 */
export async function keyOfPassword(
  box: PasswordBox,
  password: string,
  subject = 'password box',
): Promise<Uint8Array> {
  const { key, check } = await keysOf(box, password);
  if (!timingSafeEqual(check, Buffer.from(box.check, 'base64'))) throw new Fault('TRUST-14', subject);
  return key;
}

/** Fault: TRUST-15 damaged, or the key of another box. */
export function openWithKey(box: PasswordBox, key: Uint8Array, subject = 'password box'): Uint8Array {
  const sealed = Buffer.from(box.box, 'base64');
  try {
    const cipher = createDecipheriv('aes-256-gcm', key, Buffer.from(box.nonce, 'base64'), {
      authTagLength: TAG_BYTES,
    });
    cipher.setAAD(boundWith(box));
    cipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    return Buffer.concat([cipher.update(sealed.subarray(0, -TAG_BYTES)), cipher.final()]);
  } catch (cause) {
    throw new Fault('TRUST-15', subject, { found: 'a box that its key does not open' }, { cause });
  }
}

/**
 * Two values of one scrypt, apart from each other (HKDF, RFC 5869): neither leads to the other or back. `check` gives an attacker nothing: whoever has the
 * box can try a guess on its GCM tag as well, and pays the same scrypt for each guess either way.
 */
async function keysOf(
  { logN, r, p, salt }: Pick<PasswordBox, 'logN' | 'r' | 'p' | 'salt'>,
  password: string,
): Promise<{ readonly key: Uint8Array; readonly check: Buffer }> {
  // One letter can be written as one code point or as two, by the keyboard at hand.
  const derived = await scrypted(password.normalize('NFC'), Buffer.from(salt, 'base64'), {
    N: 2 ** logN,
    r,
    p,
  });
  const part = (info: string, bytes: number): ArrayBuffer => hkdfSync('sha256', derived, '', info, bytes);
  return {
    key: new Uint8Array(part('prestage/password-box/1', KEY_BYTES)),
    check: Buffer.from(part('prestage/password-check/1', 16)),
  };
}

function scrypted(
  password: string,
  salt: Uint8Array,
  cost: { readonly N: number; readonly r: number; readonly p: number },
): Promise<Buffer> {
  const { N, r, p } = cost;
  // What RFC 7914 needs, and a little for OpenSSL's own; Node allows 32 MiB unless it is told.
  const maxmem = 128 * r * (N + p + 2) + 1024 * 1024;
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_BYTES, { ...cost, maxmem }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

/** Everything beside the box itself: with any of it changed, the box does not open. */
function boundWith({ format, logN, r, p, salt, check }: Omit<PasswordBox, 'nonce' | 'box'>): Buffer {
  return Buffer.from(JSON.stringify([format, logN, r, p, salt, check]));
}
