// Key files: `<name>.pem` holds the private key, readable by its owner alone; `<name>.pub` the one line that others pin.
// They are made with node:fs itself: the durable layer can neither refuse an existing file nor set who may read.
import { chmod, lstat, mkdir, open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '../fault/fault.ts';
import { newKeyPair, type PrivateKey, type PublicKey, privateKey, publicKey } from '../trust/keys.ts';
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
  if (!keyName.safeParse(name).success)
    throw new Fault('USAGE-01', name, { expected: 'a key name of letters, digits, dot, dash, underscore' });
  const files = keyFiles(folder, name);
  for (const file of [files.privateFile, files.publicFile]) {
    const there = await lstat(file).catch(() => undefined); // Absent is the wish; anything else shows when the file is made.
    if (there !== undefined)
      throw new Fault('USAGE-09', file, { expected: 'no file of this name', found: 'a file' });
  }
  const pair = newKeyPair();
  await mkdir(folder, { recursive: true });
  await createFile(files.privateFile, pair.pem, 0o600);
  await createFile(files.publicFile, `${pair.public.text}\n`, 0o644);
  return { ...files, public: pair.public };
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

/** Fails when the file is there, even when it came between the look and now. */
async function createFile(file: string, text: string, mode: number): Promise<void> {
  try {
    const handle = await open(file, 'wx', mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // The umask may have taken bits that others need, never given any.
    await chmod(file, mode);
  } catch (cause) {
    throw new Fault('DISK-02', file, { operation: 'make key file' }, { cause });
  }
}
