// The site's machine key: 32 secret bytes from which two kinds of keys come. Media carry one of them, which opens the records of machines whose
// identifiers are known; the keys of user state cannot be had from it.
import { createHash, hkdfSync } from 'node:crypto';
import { asFault, Fault } from '../fault/fault.ts';
import { openWithPassword, passwordBoxSchema, sealWithPassword } from './password-box.ts';
import { passphraseText } from './protected-key.ts';

const KEY_BYTES = 32;

/** @returns the bytes of the key's text (base64). Fault: USAGE-11; `subject` names the file. */
export function machineKey(text: string, subject: string): Uint8Array {
  const trimmed = text.trim();
  if (!/^[A-Za-z0-9+/]{43}=$/.test(trimmed))
    throw new Fault('USAGE-11', subject, {
      expected: '32 bytes in base64, as `prestage keys new --machine` writes them',
    });
  return Buffer.from(trimmed, 'base64');
}

/** Whether a machine key's file is a box that a passphrase opens. */
export function isProtectedMachineKey(text: string): boolean {
  return text.trimStart().startsWith('{');
}

/** @returns the text of the file: a password box in JSON. */
export async function protectMachineKey(
  key: Uint8Array,
  passphrase: string,
  random: (bytes: number) => Uint8Array,
): Promise<string> {
  const box = await sealWithPassword(key, passphraseText(passphrase), random);
  return `${JSON.stringify(box, undefined, 2)}\n`;
}

/** Faults: USAGE-11 no such box, or a damaged one; USAGE-16 the passphrase does not open it. */
export async function openMachineKey(text: string, subject: string, passphrase: string): Promise<Uint8Array> {
  const box = passwordBoxSchema.safeParse(jsonOrNothing(text));
  if (!box.success)
    throw new Fault(
      'USAGE-11',
      subject,
      { expected: 'a machine key under a passphrase', found: 'one that is damaged' },
      { cause: box.error },
    );
  try {
    const key = await openWithPassword(box.data, passphraseText(passphrase), subject);
    return machineKey(Buffer.from(key).toString('base64'), subject);
  } catch (thrown) {
    const { code } = asFault(thrown);
    if (code === 'TRUST-14')
      throw new Fault(
        'USAGE-16',
        subject,
        { expected: 'the passphrase that protects it' },
        { cause: thrown },
      );
    if (code !== 'TRUST-15') throw thrown;
    throw new Fault('USAGE-11', subject, { found: 'a machine key that is damaged' }, { cause: thrown });
  }
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is no box either, and is told as that.
    return undefined;
  }
}

/** @returns the key of machine records; media carry it. */
export function recordsKey(root: Uint8Array): Uint8Array {
  return derived(root, '', 'prestage/machine-records/1');
}

/** @returns base64 of the key that encrypts the user state of one computer association. */
export function stateKey(root: Uint8Array, association: string): string {
  return Buffer.from(derived(root, association.toLowerCase(), 'prestage/user-state/1')).toString('base64');
}

/** First 16 hex digits of a digest over a records key: tells two keys apart, and nothing of either. */
export function recordsKeyId(key: Uint8Array): string {
  return createHash('sha256')
    .update('prestage/machine-records-id/1\0')
    .update(key)
    .digest('hex')
    .slice(0, 16);
}

/** HKDF-SHA256 (RFC 5869). */
function derived(root: Uint8Array, salt: string, info: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', root, salt, info, KEY_BYTES));
}
