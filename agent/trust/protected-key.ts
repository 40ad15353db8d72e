// Private keys under a passphrase: PKCS #8 `ENCRYPTED PRIVATE KEY` PEM as openssl reads and writes it, with scrypt (RFC 7914 section 7) and AES-256-CBC
// by PBES2 (RFC 8018 section 6.2). Built by hand, because Node's own export derives the key by PBKDF2 with 2048 rounds, which a graphics card tries
// by the billion.
import { createCipheriv, type KeyObject, randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';

/** OpenSSL reads at most 32 MiB of scrypt memory (SCRYPT_MAX_MEM), so N is 2^14 with r = 8 (16 MiB) and p makes up for it, as OWASP recommends. */
const COST = { N: 2 ** 14, r: 8, p: 5 } as const;
const KEY_BYTES = 32;

const derive = promisify<string, Uint8Array, number, object, Buffer>(scrypt);

/** @returns PEM. A passphrase typed on another keyboard may come in other code points, so it is taken in its composed form (NFC). */
export async function protectKey(key: KeyObject, passphrase: string): Promise<string> {
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const secret = await derive(passphraseText(passphrase), salt, KEY_BYTES, { ...COST });
  const cipher = createCipheriv('aes-256-cbc', secret, iv);
  const plain = key.export({ format: 'der', type: 'pkcs8' });
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  const kdf = sequence(
    objectId('2b06010401da47040b'), // 1.3.6.1.4.1.11591.4.11, id-scrypt
    sequence(octets(salt), integer(COST.N), integer(COST.r), integer(COST.p), integer(KEY_BYTES)),
  );
  const scheme = sequence(objectId('60864801650304012a'), octets(iv)); // 2.16.840.1.101.3.4.1.42, aes256-CBC-PAD
  const pbes2 = sequence(objectId('2a864886f70d01050d'), sequence(kdf, scheme)); // 1.2.840.113549.1.5.13
  return pemOf(sequence(pbes2, octets(sealed)));
}

/** The passphrase as keys are derived from it. */
export function passphraseText(passphrase: string): string {
  return passphrase.normalize('NFC');
}

/** Whether a PEM says that a passphrase opens it. */
export function isProtected(pem: string | Buffer): boolean {
  return BODY.test(pem.toString());
}

/** Whether the outer shell of a protected key is whole (RFC 5958 section 3): what fails then is the passphrase, or what is under it. */
export function isWholeShell(pem: string | Buffer): boolean {
  const bytes = Buffer.from(BODY.exec(pem.toString())?.[1] ?? '', 'base64');
  const outer = read(bytes, 0x30);
  if (outer === undefined || outer.end !== bytes.byteLength) return false;
  const algorithm = read(outer.content, 0x30);
  if (algorithm === undefined) return false;
  const sealed = read(outer.content.subarray(algorithm.end), 0x04);
  return sealed !== undefined && algorithm.end + sealed.end === outer.content.byteLength;
}

const BODY = /-----BEGIN ENCRYPTED PRIVATE KEY-----([A-Za-z0-9+/=\s]*)-----END ENCRYPTED PRIVATE KEY-----/;

function pemOf(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${lines.join('\n')}\n-----END ENCRYPTED PRIVATE KEY-----\n`;
}

// DER (X.690), as much of it as the documents above need.

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function octets(bytes: Uint8Array): Buffer {
  return tagged(0x04, bytes);
}

function objectId(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'));
}

/** Not negative: a first bit that is set would be the sign. */
function integer(value: number): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return tagged(0x02, (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.from([0]), bytes]));
}

function tagged(tag: number, content: Uint8Array): Buffer {
  const { byteLength } = content;
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(byteLength)]), content]);
}

/** The shortest form, as DER wants it; what is written here stays below 64 KiB. */
function lengthOctets(length: number): readonly number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

/** @returns the content of the element that `bytes` begin with, and where it ends; undefined when it is another or does not fit. */
function read(bytes: Buffer, tag: number): { readonly content: Buffer; readonly end: number } | undefined {
  const first = bytes[1];
  if (bytes[0] !== tag || first === undefined) return undefined;
  const more = first < 0x80 ? 0 : first - 0x80;
  if (more > 2 || first === 0x80 || bytes.byteLength < 2 + more) return undefined;
  const length = more === 0 ? first : bytes.readUIntBE(2, more);
  const start = 2 + more;
  if (start + length > bytes.byteLength) return undefined;
  return { content: bytes.subarray(start, start + length), end: start + length };
}
