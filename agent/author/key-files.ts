// Key files: `<name>.pem` holds the private key, readable by its owner alone; `<name>.pub` the one line that others pin; `<name>.key` the machine
// key, as secret as a private one.
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '../fault/fault.ts';
import { newKeyPair, type PrivateKey, type PublicKey, privateKey, publicKey } from '../trust/keys.ts';
import { machineKey } from '../trust/machine-key.ts';
import { createFile } from './create-file.ts';
import { keyName } from './site-documents.ts';

export interface KeyFiles {
  readonly privateFile: string;
  readonly publicFile: string;
}

/** @returns where the files of a key lie. */
export function keyFiles(folder: string, name: string): KeyFiles {
  return { privateFile: path.join(folder, `${name}.pem`), publicFile: path.join(folder, `${name}.pub`) };
}

/** Makes a pair. Never overwrites. Faults: USAGE-01 a name that cannot be a file's, USAGE-09 a file of that name is there, DISK-02. */
export async function createKey(
  folder: string,
  name: string,
): Promise<KeyFiles & { readonly public: PublicKey }> {
  const files = keyFiles(folder, name);
  await requireNew(name, [files.privateFile, files.publicFile]);
  const pair = newKeyPair();
  await mkdir(folder, { recursive: true });
  await createFile(files.privateFile, pair.pem, 0o600);
  await createFile(files.publicFile, `${pair.public.text}\n`, 0o644);
  return { ...files, public: pair.public };
}

/** Makes the key of machine records. Never overwrites. Faults: those of createKey. @returns the file. */
export async function createMachineKey(folder: string, name: string): Promise<string> {
  const file = machineKeyFile(folder, name);
  await requireNew(name, [file]);
  await mkdir(folder, { recursive: true });
  await createFile(file, `${randomBytes(32).toString('base64')}\n`, 0o600);
  return file;
}

/** @returns the machine key, undefined when the site has none. Faults: USAGE-11 not a key, USAGE-08. */
export async function loadMachineKey(folder: string, name: string): Promise<Uint8Array | undefined> {
  const file = machineKeyFile(folder, name);
  try {
    return machineKey(await readFile(file, 'utf8'), file);
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new Fault('USAGE-08', file, { expected: 'the machine key' }, { cause });
  }
}

/** As `loadMachineKey`, where there must be one. Fault: USAGE-11, which tells how to make it. */
export async function requireMachineKey(folder: string, name: string): Promise<Uint8Array> {
  const key = await loadMachineKey(folder, name);
  if (key !== undefined) return key;
  throw new Fault('USAGE-11', machineKeyFile(folder, name), {
    expected: `the key that encrypts what the site knows of single machines; prestage keys new ${name} --machine --in ${folder} makes it`,
    found: 'no file',
  });
}

function machineKeyFile(folder: string, name: string): string {
  return path.join(folder, `${name}.key`);
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

/** Faults: USAGE-11 absent or not a key. */
export async function loadPrivateKey(folder: string, name: string): Promise<PrivateKey> {
  const { privateFile } = keyFiles(folder, name);
  return privateKey(await readKeyFile(privateFile), privateFile);
}

/** From `<name>.pub`, or from the private key where only that is there. Faults: USAGE-11. */
export async function loadPublicKey(folder: string, name: string): Promise<PublicKey> {
  const { publicFile } = keyFiles(folder, name);
  const text = await readFile(publicFile, 'utf8').catch(() => undefined); // The private key answers as well.
  return text === undefined ? (await loadPrivateKey(folder, name)).public : publicKey(text.trim());
}

async function readKeyFile(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new Fault('USAGE-11', file, { expected: 'a key file' }, { cause });
  }
}
