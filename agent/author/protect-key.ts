// Puts a key file under a passphrase, under another one, or under none. The new file is proven to open before it takes the place of the old one.
import { randomBytes } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import { privateKey } from '../trust/keys.ts';
import { machineKey, openMachineKey, protectMachineKey } from '../trust/machine-key.ts';
import { protectKey } from '../trust/protected-key.ts';
import { createFile } from './create-file.ts';
import { type KeyAccess, keyFiles, loadMachineKey, loadPrivateKeyFile, machineKeyFile } from './key-files.ts';

export interface ProtectKeyRequest {
  readonly folder: string;
  readonly name: string;
}

/**
 * @param passphrase the new one; undefined leaves the key without.
 * @returns the file. Faults: USAGE-11, USAGE-16, USAGE-17, DISK-*; after any of them, and after a cut, the key opens as before or as wished.
 */
export async function protectKeyFile(
  { folder, name }: ProtectKeyRequest,
  keyAccess: KeyAccess,
  passphrase: () => Promise<string | undefined>,
  durable: DurableFiles,
): Promise<string> {
  const { privateFile } = keyFiles(folder, name);
  if (await isThere(privateFile)) {
    const { key, public: half } = await loadPrivateKeyFile(privateFile, keyAccess);
    const chosen = await passphrase();
    const pem =
      chosen === undefined
        ? key.export({ format: 'pem', type: 'pkcs8' }).toString()
        : await protectKey(key, chosen);
    const opens = async (written: string) =>
      privateKey(written, privateFile, chosen).public.text === half.text;
    return await putInPlace(privateFile, pem, opens, durable);
  }
  const file = machineKeyFile(folder, name);
  const key = await loadMachineKey(folder, name, keyAccess);
  if (key === undefined)
    throw new Fault('USAGE-11', privateFile, { expected: `this file, or ${file}`, found: 'neither' });
  const chosen = await passphrase();
  const text =
    chosen === undefined
      ? `${Buffer.from(key).toString('base64')}\n`
      : await protectMachineKey(key, chosen, randomBytes);
  const opens = async (written: string) => {
    const found =
      chosen === undefined ? machineKey(written, file) : await openMachineKey(written, file, chosen);
    return Buffer.from(found).equals(key);
  };
  return await putInPlace(file, text, opens, durable);
}

/** Readable by its owner alone from the first byte on, which a file that is replaced in the common way would not be. */
async function putInPlace(
  file: string,
  text: string,
  opens: (written: string) => Promise<boolean>,
  durable: DurableFiles,
): Promise<string> {
  const staged = `${file}.new`;
  await durable.remove(staged);
  await createFile(staged, text, 0o600);
  if (!(await opens(await readFile(staged, 'utf8'))))
    throw new Fault('DISK-02', staged, { expected: 'the key that was written', found: 'another' });
  await durable.rename(staged, file);
  return file;
}

async function isThere(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}
