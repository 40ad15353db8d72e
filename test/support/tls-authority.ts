// A certificate authority of a site, made by openssl for one test run: it vouches for a server at 127.0.0.1, ::1 and some names, and for a client.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface TlsAuthority {
  /** PEM of the authority's own certificate. */
  readonly ca: string;
  readonly server: { readonly key: string; readonly cert: string };
  readonly client: {
    readonly key: string;
    readonly cert: string;
    /** The same key, encrypted with `passphrase`; and both in one PFX file, which it opens, too. */
    readonly encryptedKey: string;
    readonly pfx: Buffer;
    readonly passphrase: string;
  };
}

const KIND = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const SERVER_NAMES = 'subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost';

/** @param passphrase of the client's key. */
export function makeTlsAuthority(passphrase = 'phrase-of-the-client'): TlsAuthority {
  const folder = mkdtempSync(path.join(tmpdir(), 'authority-'));
  const at = (name: string): string => path.join(folder, name);
  const openssl = (...words: string[]): unknown => execFileSync('openssl', words, { stdio: 'pipe' });
  const text = (name: string): string => readFileSync(at(name), 'utf8');
  const issue = (name: string, extension: string): void => {
    openssl(
      'req',
      '-new',
      ...KIND,
      '-subj',
      `/CN=${name}`,
      '-keyout',
      at(`${name}.key`),
      '-out',
      at(`${name}.csr`),
    );
    writeFileSync(at(`${name}.ext`), `${extension}\n`);
    const by = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial'];
    openssl(
      ...['x509', '-req', '-days', '2', '-in', at(`${name}.csr`), ...by],
      ...['-extfile', at(`${name}.ext`), '-out', at(`${name}.pem`)],
    );
  };
  try {
    const self = ['-x509', '-days', '2', '-subj', '/CN=Authority of the site'];
    openssl('req', ...self, ...KIND, '-keyout', at('ca.key'), '-out', at('ca.pem'));
    issue('server', SERVER_NAMES);
    issue('client', 'extendedKeyUsage=clientAuth');
    const out = `pass:${passphrase}`;
    openssl('pkey', '-in', at('client.key'), '-aes256', '-passout', out, '-out', at('encrypted.key'));
    const both = ['-in', at('client.pem'), '-inkey', at('client.key')];
    openssl('pkcs12', '-export', ...both, '-passout', out, '-out', at('client.pfx'));
    return {
      ca: text('ca.pem'),
      server: { key: text('server.key'), cert: text('server.pem') },
      client: {
        key: text('client.key'),
        cert: text('client.pem'),
        encryptedKey: text('encrypted.key'),
        pfx: readFileSync(at('client.pfx')),
        passphrase,
      },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
