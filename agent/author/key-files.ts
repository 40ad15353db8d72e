// Key files: `<name>.pem` holds the private key, readable by its owner alone; `<name>.pub` the one line that others pin; `<name>.key` the machine
// key, as secret as a private one. Both secret files may lie under a passphrase.
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { readCapped } from '../document/read-capped.ts';
import { nativeCodeOf } from '../durable/disk-fault.ts';
import { Fault } from '../fault/fault.ts';
import type { Observe } from '../progress/event.ts';
import { newKeyPair, type PrivateKey, type PublicKey, privateKey, publicKey } from '../trust/keys.ts';
import {
  isProtectedMachineKey,
  machineKey,
  openMachineKey,
  protectMachineKey,
} from '../trust/machine-key.ts';
import { isProtected, protectKey } from '../trust/protected-key.ts';
import { createFile } from './create-file.ts';
import { keyName } from './site-documents.ts';

/** A line, and room for what somebody wrote below it. */
export const PUBLIC_KEY_FILE_MAX_BYTES = 64 * 1024;

export interface KeyFiles {
  readonly privateFile: string;
  readonly publicFile: string;
}

/** How secret key files are opened. */
export interface KeyAccess {
  /** The passphrase of a protected key file, asked for when one is met. Absent: nobody can be asked. */
  readonly passphrase?: (file: string) => Promise<string>;
  /** Told of key files that others can read. */
  readonly observe?: Observe;
}

/** @returns where the files of a key lie. */
export function keyFiles(folder: string, name: string): KeyFiles {
  return { privateFile: path.join(folder, `${name}.pem`), publicFile: path.join(folder, `${name}.pub`) };
}

/** @returns where a machine key lies. */
export function machineKeyFile(folder: string, name: string): string {
  return path.join(folder, `${name}.key`);
}

/**
 * Makes a pair, its private half under `passphrase` when one is given. Never overwrites. Faults: USAGE-01 a name that cannot be a file's, USAGE-09 a
 * file of that name is there, DISK-02.
 */
export async function createKey(
  folder: string,
  name: string,
  passphrase?: string,
): Promise<KeyFiles & { readonly public: PublicKey }> {
  const files = keyFiles(folder, name);
  await requireNew(name, [files.privateFile, files.publicFile]);
  const pair = newKeyPair();
  const pem = passphrase === undefined ? pair.pem : await protectKey(pair.key, passphrase);
  await mkdir(folder, { recursive: true });
  await createFile(files.privateFile, pem, 0o600);
  await createFile(files.publicFile, `${pair.public.text}\n`, 0o644);
  return { ...files, public: pair.public };
}

/** Makes the key of machine records. Never overwrites. Faults: those of createKey. @returns the file. */
export async function createMachineKey(folder: string, name: string, passphrase?: string): Promise<string> {
  const file = machineKeyFile(folder, name);
  await requireNew(name, [file]);
  const bytes = randomBytes(32);
  const text =
    passphrase === undefined
      ? `${bytes.toString('base64')}\n`
      : await protectMachineKey(bytes, passphrase, randomBytes);
  await mkdir(folder, { recursive: true });
  await createFile(file, text, 0o600);
  return file;
}

/** @returns the machine key, undefined when the site has none. Faults: USAGE-11 not a key, USAGE-16, USAGE-17, USAGE-08. */
export async function loadMachineKey(
  folder: string,
  name: string,
  access: KeyAccess = {},
): Promise<Uint8Array | undefined> {
  const file = machineKeyFile(folder, name);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if (nativeCodeOf(cause) === 'ENOENT') return undefined;
    throw new Fault('USAGE-08', file, { expected: 'the machine key' }, { cause });
  }
  await warnWhenOthersRead(file, access);
  if (!isProtectedMachineKey(text)) return machineKey(text, file);
  return await openMachineKey(text, file, await passphraseOf(file, access));
}

/** As `loadMachineKey`, where there must be one. Fault: USAGE-11, which tells how to make it. */
export async function requireMachineKey(
  folder: string,
  name: string,
  access: KeyAccess = {},
): Promise<Uint8Array> {
  const key = await loadMachineKey(folder, name, access);
  if (key !== undefined) return key;
  throw new Fault('USAGE-11', machineKeyFile(folder, name), {
    expected: `the key that encrypts what the site knows of single machines; prestage keys new ${name} --machine --in ${folder} makes it`,
    found: 'no file',
  });
}

async function requireNew(name: string, files: readonly string[]): Promise<void> {
  if (!keyName.safeParse(name).success)
    throw new Fault('USAGE-01', name, { expected: 'a key name of letters, digits, dot, dash, underscore' });
  for (const file of files) {
    const there = await lstat(file).catch(() => undefined); // Absent is the wish; anything else shows when the file is made.
    if (there !== undefined)
      throw new Fault('USAGE-09', file, { expected: 'no file of this name', found: 'a file' });
  }
}

/** Faults: USAGE-11 absent, not a key, or not the one of `<name>.pub`; USAGE-16, USAGE-17. */
export async function loadPrivateKey(
  folder: string,
  name: string,
  access: KeyAccess = {},
): Promise<PrivateKey> {
  const { privateFile, publicFile } = keyFiles(folder, name);
  const key = await loadPrivateKeyFile(privateFile, access);
  const beside = await readFile(publicFile, 'utf8').catch(() => undefined); // The private key alone is enough.
  // Encryption of key files proves nothing of what it decrypts, and files are copied by hand: whoever pins the .pub must be able to verify.
  if (beside !== undefined && beside.trim() !== key.public.text)
    throw new Fault('USAGE-11', publicFile, {
      expected: `the public half of ${name}.pem, key ${key.public.id}`,
      found: 'another key',
    });
  return key;
}

/** A private key by its file, wherever it lies. Faults: USAGE-11, USAGE-16, USAGE-17. */
export async function loadPrivateKeyFile(file: string, access: KeyAccess = {}): Promise<PrivateKey> {
  const pem = await readKeyFile(file);
  await warnWhenOthersRead(file, access);
  return privateKey(pem, file, isProtected(pem) ? await passphraseOf(file, access) : undefined);
}

/** From `<name>.pub`, or from the private key where only that is there. Faults: USAGE-11, USAGE-16, USAGE-17. */
export async function loadPublicKey(
  folder: string,
  name: string,
  access: KeyAccess = {},
): Promise<PublicKey> {
  const { publicFile } = keyFiles(folder, name);
  const text = await readFile(publicFile, 'utf8').catch(() => undefined); // The private key answers as well.
  return text === undefined ? (await loadPrivateKey(folder, name, access)).public : publicKey(text.trim());
}

/** @returns every public key of a key folder, by the names of their files, also those that sign no more. What is no key is left out. */
export async function publicKeysIn(folder: string): Promise<readonly PublicKey[]> {
  const names = (await readdir(folder).catch(() => [])).filter(name => name.endsWith('.pub')); // Absent: there is none in it.
  const found: PublicKey[] = [];
  for (const name of names.toSorted()) {
    try {
      const bytes = await readCapped(path.join(folder, name), PUBLIC_KEY_FILE_MAX_BYTES);
      found.push(publicKey(bytes?.toString('utf8').trim() ?? ''));
    } catch {
      // An SSH key or a note of somebody: whoever needs a key by its name is told what is wrong with it.
    }
  }
  return found;
}

/** Whether others than the owner may read a file; undefined on Windows, where the mode says nothing of it. */
export async function isReadByOthers(file: string): Promise<boolean | undefined> {
  if (process.getuid === undefined) return undefined;
  return ((await stat(file)).mode & 0o077) !== 0;
}

async function warnWhenOthersRead(file: string, { observe }: KeyAccess): Promise<void> {
  if (observe === undefined || !(await isReadByOthers(file))) return;
  observe({
    kind: 'note',
    level: 'warning',
    component: 'keys',
    text: `${file} is a secret, and others on this machine can read it: chmod 600 keeps it to you.`,
  });
}

async function passphraseOf(file: string, { passphrase }: KeyAccess): Promise<string> {
  if (passphrase === undefined)
    throw new Fault('USAGE-17', file, { expected: 'the passphrase that protects it' });
  return await passphrase(file);
}

async function readKeyFile(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new Fault('USAGE-11', file, { expected: 'a key file' }, { cause });
  }
}
