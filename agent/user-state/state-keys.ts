// What the 32 bytes of a computer association give: a seal for its documents, a key for the packs of one capture, a key for USMT. Nothing of one
// tells anything of another, and whoever can only write to the share can make none of them. HKDF: RFC 5869.
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { Fault } from '../fault/fault.ts';

export interface StateKeys {
  /** Lower case: the name of the store's folder. */
  readonly association: string;
  /** HMAC-SHA256 in hex over the name and the bytes of a document of the store. */
  seal(name: string, bytes: Uint8Array): string;
  isSealed(name: string, bytes: Uint8Array, mac: string): boolean;
  /** AES-256 key of the packs of the one capture that has this salt. */
  packKey(salt: Uint8Array): Uint8Array;
  /** Text for the key file of scanstate and loadstate: 43 letters, digits, dashes and underscores. */
  usmtKey(salt: Uint8Array): string;
}

const KEY_BYTES = 32;

/** @param key base64 of the association's 32 bytes. Fault: USAGE-11 when it is not that. */
export function stateKeys(key: string, association: string): StateKeys {
  const secret = Buffer.from(key, 'base64');
  if (secret.length !== KEY_BYTES)
    throw new Fault('USAGE-11', `association ${association}`, { expected: 'base64 of 32 bytes' });
  const name = association.toLowerCase();
  const derive = (salt: Uint8Array | string, purpose: string): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, salt, `prestage/user-state/${purpose}/1\0${name}`, KEY_BYTES));
  const sealKey = derive(name, 'seal');
  const seal = (document: string, bytes: Uint8Array): string =>
    createHmac('sha256', sealKey).update(`${document}\0`, 'utf8').update(bytes).digest('hex');
  return {
    association: name,
    seal,
    isSealed: (document, bytes, mac) =>
      /^[0-9a-f]{64}$/.test(mac) &&
      timingSafeEqual(Buffer.from(mac, 'hex'), Buffer.from(seal(document, bytes), 'hex')),
    packKey: salt => derive(salt, 'packs'),
    usmtKey: salt => derive(salt, 'usmt').toString('base64url'),
  };
}
