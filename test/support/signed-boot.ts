// Boot programs as firmware starts them, signed by authorities that bear Microsoft's names and nobody's trust. Nothing binary is committed.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const PCA_2011 = 'Microsoft Windows Production PCA 2011';
export const CA_2023 = 'Windows UEFI CA 2023';

export interface BootForge {
  /** An EFI program that does nothing, without a signature. */
  readonly unsigned: Uint8Array;
  /** The same, signed by a certificate of an authority of this common name. */
  sign(authority: string): Promise<Uint8Array>;
}

/** @param folder absent; its own. */
export async function openBootForge(folder: string): Promise<BootForge> {
  await mkdir(folder, { recursive: true });
  const at = (name: string) => path.join(folder, name);
  await writeFile(at('boot.c'), 'long long efi_main(void *image, void *table) { return 0; }\n');
  await run('x86_64-w64-mingw32-gcc', [
    ...['-nostdlib', '-Wl,--subsystem,10', '-Wl,-e,efi_main'],
    ...[at('boot.c'), '-o', at('boot.efi')],
  ]);

  async function authority(name: string, stem: string): Promise<void> {
    if (existsSync(at(`${stem}.pem`))) return;
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-sha256', '-days', '365'];
    await run('openssl', [
      ...[...request, '-subj', `/C=US/O=Test/CN=${name}`],
      ...['-keyout', at(`${stem}-ca.key`), '-out', at(`${stem}-ca.pem`)],
    ]);
    await run('openssl', [
      ...['req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/C=US/O=Test/CN=Microsoft Windows'],
      ...['-keyout', at(`${stem}.key`), '-out', at(`${stem}.csr`)],
    ]);
    await run('openssl', [
      ...['x509', '-req', '-in', at(`${stem}.csr`), '-days', '300', '-sha256'],
      ...['-CA', at(`${stem}-ca.pem`), '-CAkey', at(`${stem}-ca.key`), '-CAcreateserial'],
      ...['-out', at(`${stem}.pem`)],
    ]);
  }

  return {
    unsigned: await readFile(at('boot.efi')),
    async sign(name) {
      const stem = name.replaceAll(/\W/g, '-');
      await authority(name, stem);
      const signed = at(`signed-${stem}.efi`);
      if (existsSync(signed)) return readFile(signed);
      await run('osslsigncode', [
        ...['sign', '-h', 'sha256', '-certs', at(`${stem}.pem`), '-ac', at(`${stem}-ca.pem`)],
        ...['-key', at(`${stem}.key`), '-in', at('boot.efi'), '-out', signed],
      ]);
      return readFile(signed);
    },
  };
}
