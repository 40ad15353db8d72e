import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { asFault } from '../../agent/fault/fault.ts';
import { newKeyPair, privateKey } from '../../agent/trust/keys.ts';
import { isProtected, protectKey } from '../../agent/trust/protected-key.ts';
import { tempFolder } from '../support/temp-folder.ts';

const PASSPHRASE = 'mit Umlaut: Grüße';

function faultOf(work: () => unknown) {
  try {
    work();
  } catch (thrown) {
    return asFault(thrown);
  }
  throw new Error('nothing was thrown');
}

it('opens what it protected, however the passphrase spells its accents', async () => {
  const pair = newKeyPair();
  const pem = await protectKey(pair.key, PASSPHRASE);
  expect(isProtected(pem)).toBe(true);
  expect(isProtected(pair.pem)).toBe(false);
  expect(privateKey(pem, 'k.pem', PASSPHRASE.normalize('NFD')).public.text).toBe(pair.public.text);
});

it('protects the same key in other bytes each time', async () => {
  const { key } = newKeyPair();
  expect(await protectKey(key, PASSPHRASE)).not.toBe(await protectKey(key, PASSPHRASE));
});

it('is read by openssl, which names scrypt and AES-256-CBC, and reads what openssl protects', async () => {
  const folder = tempFolder('protected-key');
  const file = path.join(folder, 'k.pem');
  const pair = newKeyPair();
  writeFileSync(file, await protectKey(pair.key, PASSPHRASE));
  writeFileSync(path.join(folder, 'pass'), PASSPHRASE);
  const openssl = (...args: string[]): string => execFileSync('openssl', args, { cwd: folder }).toString();
  expect(openssl('pkey', '-in', 'k.pem', '-passin', 'file:pass')).toBe(pair.pem);
  const shell = openssl('asn1parse', '-in', 'k.pem');
  for (const part of ['PBES2', 'scrypt', 'aes-256-cbc']) expect(shell).toContain(part);

  writeFileSync(path.join(folder, 'plain.pem'), pair.pem);
  openssl('pkcs8', '-topk8', '-in', 'plain.pem', '-scrypt', '-passout', 'file:pass', '-out', 'scrypt.pem');
  openssl(
    'pkcs8',
    '-topk8',
    '-in',
    'plain.pem',
    '-v2',
    'aes-256-cbc',
    '-passout',
    'file:pass',
    '-out',
    'pbkdf2.pem',
  );
  for (const name of ['scrypt.pem', 'pbkdf2.pem']) {
    const pem = readFileSync(path.join(folder, name));
    expect(privateKey(pem, name, PASSPHRASE).public.text).toBe(pair.public.text);
  }
});

it('tells a wrong passphrase, none, and a file that is no key apart', async () => {
  const pem = await protectKey(newKeyPair().key, PASSPHRASE);
  expect(faultOf(() => privateKey(pem, 'k.pem', 'another one'))).toMatchObject({
    code: 'USAGE-16',
    subject: 'k.pem',
  });
  expect(faultOf(() => privateKey(pem, 'k.pem'))).toMatchObject({
    code: 'USAGE-16',
    detail: { found: 'none' },
  });
  const lines = pem.split('\n');
  const cut = [...lines.slice(0, 2), ...lines.slice(3)].join('\n');
  expect(faultOf(() => privateKey(cut, 'k.pem', PASSPHRASE)).code).toBe('USAGE-11');
  const other = '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n';
  expect(faultOf(() => privateKey(other, 'k.pem', PASSPHRASE)).code).toBe('USAGE-11');
});
