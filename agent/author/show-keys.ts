// What key files are, for people: their public halves, what the site uses them for, and whether their secret halves are kept well. Nothing secret.
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { nativeCodeOf } from '../durable/disk-fault.ts';
import { Fault } from '../fault/fault.ts';
import { type PublicKey, privateKey, publicKey } from '../trust/keys.ts';
import { isProtectedMachineKey, machineKey, recordsKey, recordsKeyId } from '../trust/machine-key.ts';
import { isProtected } from '../trust/protected-key.ts';
import type { RevokedKey } from '../trust/revocations.ts';
import { isReadByOthers, keyFiles, machineKeyFile } from './key-files.ts';
import { type KeySite, siteRevocations } from './site-revocations.ts';

export interface ShownKey {
  readonly name: string;
  /** What site.yaml uses it for; empty without a site, or when it names the key nowhere. */
  readonly uses: readonly string[];
  /** Of a machine key: the ID of its records key, as policy shows it. Absent where only a passphrase would tell. */
  readonly keyId?: string;
  readonly publicKey?: string;
  /** The secret half, or the machine key. */
  readonly secret: 'absent' | 'plain' | 'protected';
  readonly secretFile?: string;
  readonly readByOthers?: boolean;
  readonly revoked?: Pick<RevokedKey, 'since' | 'reason'>;
}

/**
 * @param place a key folder, or one of a key's files. Faults: USAGE-08 no such place, USAGE-11 a file that is no key; those of siteRevocations.
 * @returns the keys by name.
 */
export async function showKeys(place: string, site?: KeySite): Promise<readonly ShownKey[]> {
  const absolute = path.resolve(place);
  const found = await stat(absolute).catch(cause => {
    throw new Fault('USAGE-08', place, { expected: 'a key file or a folder of key files' }, { cause });
  });
  const folder = found.isDirectory() ? absolute : path.dirname(absolute);
  const files = found.isDirectory() ? await readdir(folder) : [path.basename(absolute)];
  const names = new Set(files.filter(file => KEY_FILE.test(file)).map(file => file.replace(KEY_FILE, '')));
  if (names.size === 0)
    throw new Fault('USAGE-08', place, { expected: 'a key: .pem, .pub or .key', found: 'none' });
  const revoked = site === undefined ? undefined : await siteRevocations(site, folder);
  const shown: ShownKey[] = [];
  for (const name of [...names].toSorted()) {
    const key = { ...(await lookAt(folder, name)), uses: site === undefined ? [] : usesOf(name, site) };
    const entry = revoked?.list.revoked.find(each => each.publicKey === key.publicKey);
    const { since, reason } = entry ?? {};
    shown.push({
      ...key,
      ...(since !== undefined && { revoked: { since, ...(reason !== undefined && { reason }) } }),
    });
  }
  return shown;
}

const KEY_FILE = /\.(pem|pub|key)$/;

async function lookAt(folder: string, name: string): Promise<Omit<ShownKey, 'uses'>> {
  const { privateFile, publicFile } = keyFiles(folder, name);
  const pem = await textOrNothing(privateFile);
  const pub = await textOrNothing(publicFile);
  const machineFile = machineKeyFile(folder, name);
  const machine = await textOrNothing(machineFile);
  if (pem === undefined && pub === undefined && machine !== undefined) {
    const secret = isProtectedMachineKey(machine) ? 'protected' : 'plain';
    const keyId = secret === 'plain' ? recordsKeyId(recordsKey(machineKey(machine, machineFile))) : undefined;
    return { name, secret, ...(keyId !== undefined && { keyId }), ...(await placeOf(machineFile)) };
  }
  const half = halfOf(pem, pub, privateFile, publicFile);
  return {
    name,
    ...(half !== undefined && { keyId: half.id, publicKey: half.text }),
    secret: pem === undefined ? 'absent' : isProtected(pem) ? 'protected' : 'plain',
    ...(pem !== undefined && (await placeOf(privateFile))),
  };
}

/** The public half of a protected key lies in its .pub file, or nowhere. Fault: USAGE-11 the two halves are of two keys. */
function halfOf(
  pem: string | undefined,
  pub: string | undefined,
  privateFile: string,
  publicFile: string,
): PublicKey | undefined {
  const told = pub === undefined ? undefined : publicKey(pub.trim());
  if (pem === undefined || isProtected(pem)) return told;
  const own = privateKey(pem, privateFile).public;
  if (told !== undefined && told.text !== own.text)
    throw new Fault('USAGE-11', publicFile, {
      expected: `the public half of ${privateFile}, key ${own.id}`,
      found: `key ${told.id}`,
    });
  return own;
}

async function placeOf(file: string): Promise<Pick<ShownKey, 'secretFile' | 'readByOthers'>> {
  const readByOthers = await isReadByOthers(file);
  return { secretFile: file, ...(readByOthers !== undefined && { readByOthers }) };
}

function usesOf(name: string, { keys }: KeySite): readonly string[] {
  return [
    ...(keys.policy === name ? ['policy'] : []),
    ...(keys.alsoPolicy?.includes(name) ? ['next policy'] : []),
    ...(keys.media === name ? ['media'] : []),
    ...(keys.machine === name ? ['machine records'] : []),
    ...(keys.root === name ? ['root'] : []),
    ...(keys.depots?.includes(name) ? ['depot'] : []),
  ];
}

async function textOrNothing(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (nativeCodeOf(cause) === 'ENOENT') return undefined;
    throw new Fault('USAGE-11', file, { expected: 'a key file that can be read' }, { cause });
  }
}
