// Ed25519 keys: the one-line text of a public key that agent.yaml pins, and private keys in PEM files.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { z } from 'zod';
import { wording } from '../document/fields.ts';
import { Fault } from '../fault/fault.ts';
import { isProtected, isWholeShell, passphraseText } from './protected-key.ts';

/** `ed25519:` and the base64 of the 32 raw bytes (RFC 8032 section 5.1.5). */
export const publicKeyText = wording(
  /^ed25519:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/,
  'a public key such as ed25519:<base64 of 32 bytes>',
);

/** First 16 hex digits of the SHA-256 of a public key's raw bytes; for people to compare, never to trust. */
export const keyIdText = z.string().regex(/^[0-9a-f]{16}$/, 'a key ID of 16 hex digits');

export interface PublicKey {
  readonly text: string;
  readonly id: string;
  readonly key: KeyObject;
}

export interface PrivateKey {
  readonly key: KeyObject;
  readonly public: PublicKey;
}

/** SubjectPublicKeyInfo of Ed25519 up to the raw bytes (RFC 8410 section 4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** @returns the key of its text. Fault: USAGE-11 when it is not one. */
export function publicKey(text: string): PublicKey {
  if (!publicKeyText.safeParse(text).success) {
    throw new Fault('USAGE-11', 'public key', {
      expected: 'ed25519:<base64 of 32 bytes>',
      found: text.slice(0, 80),
    });
  }
  const raw = Buffer.from(text.slice('ed25519:'.length), 'base64');
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' });
  return { text, id: createHash('sha256').update(raw).digest('hex').slice(0, 16), key };
}

/**
 * @param passphrase of a protected key; without effect on others.
 * @returns the private key in a PKCS #8 PEM. Faults: USAGE-11 no such key, USAGE-16 the passphrase does not open it; `subject` names the file.
 */
export function privateKey(pem: string | Buffer, subject: string, passphrase?: string): PrivateKey {
  const key = isProtected(pem) ? openProtected(pem, subject, passphrase) : openPlain(pem, subject);
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new Fault('USAGE-11', subject, { expected: 'an Ed25519 key', found: key.asymmetricKeyType });
  }
  return { key, public: publicKeyOf(key) };
}

function openPlain(pem: string | Buffer, subject: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new Fault('USAGE-11', subject, { expected: 'an Ed25519 private key in PEM (PKCS #8)' }, { cause });
  }
}

function openProtected(pem: string | Buffer, subject: string, passphrase: string | undefined): KeyObject {
  if (!isWholeShell(pem))
    throw new Fault('USAGE-11', subject, {
      expected: 'an encrypted private key in PEM (PKCS #8)',
      found: 'one that is damaged',
    });
  if (passphrase === undefined)
    throw new Fault('USAGE-16', subject, { expected: 'its passphrase', found: 'none' });
  try {
    return createPrivateKey({ key: pem, passphrase: passphraseText(passphrase) });
  } catch (cause) {
    // CBC proves nothing of what it decrypts: a wrong passphrase and damage below it look alike.
    throw new Fault('USAGE-16', subject, { expected: 'the passphrase that protects it' }, { cause });
  }
}

/** A new pair. `pem` is PKCS #8, to be stored readable by its owner alone. */
export function newKeyPair(): PrivateKey & { readonly pem: string } {
  const pair = generateKeyPairSync('ed25519');
  const pem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  return { key: pair.privateKey, public: publicKeyOf(pair.privateKey), pem };
}

function publicKeyOf(key: KeyObject): PublicKey {
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return publicKey(`ed25519:${spki.subarray(SPKI_PREFIX.length).toString('base64')}`);
}
