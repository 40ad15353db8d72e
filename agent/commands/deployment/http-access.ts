// The files that agent.yaml names for web servers: authorities, client certificates, credentials. All are read and tried here, so that a mistake is told
// before anything is asked of a server.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createSecureContext } from 'node:tls';
import { type ClientCertificate, type HttpAccess, originOf } from '../../distribution/http/access.ts';
import type { ServerAccount } from '../../distribution/http/accounts.ts';
import { certificateOptions } from '../../distribution/http/dispatchers.ts';
import { Fault } from '../../fault/fault.ts';
import type { AgentConfigDocument } from '../../trust/agent-config.ts';
import { type Credentials, decodeCredentials } from '../../trust/credentials.ts';

type Named = Pick<
  AgentConfigDocument,
  'ca' | 'clientCertificates' | 'credentials' | 'proxy' | 'noProxy' | 'unverifiedTlsServers'
>;

const NO_CREDENTIALS: Credentials = { accounts: [], passphrases: {} };

/**
 * @param config path of agent.yaml.
 * Faults: USAGE-08 a file cannot be read; USAGE-02 it is not what it should be, or an account is for a server that is not verified.
 */
export async function readHttpAccess(
  document: Named,
  config: string,
): Promise<{
  readonly http: HttpAccess;
  readonly accounts: readonly ServerAccount[];
  readonly secrets: readonly string[];
}> {
  const beside = (name: string): string => path.resolve(path.dirname(config), name);
  const authorities = await Promise.all((document.ca ?? []).map(name => readNamedFile(beside(name))));
  const { accounts, passphrases } =
    document.credentials === undefined
      ? NO_CREDENTIALS
      : decodeCredentials(await readNamedFile(beside(document.credentials)), beside(document.credentials));
  const clientCertificates = new Map<string, ClientCertificate>();
  for (const named of document.clientCertificates ?? []) {
    const [file, client] = await readClient(named, passphrases, beside);
    requireUsable(client, beside(file));
    clientCertificates.set(new URL(named.for).origin, client);
  }
  const unverified = new Set((document.unverifiedTlsServers ?? []).map(url => new URL(url).origin));
  requireVerified(accounts, unverified, config);
  return {
    http: {
      clientCertificates,
      unverified,
      ...(authorities.length === 0
        ? {}
        : { ca: authorities.map(bytes => bytes.toString('utf8')).join('\n') }),
      ...(document.proxy === undefined
        ? {}
        : { proxy: { url: document.proxy, noProxy: document.noProxy ?? [] } }),
    },
    accounts,
    secrets: Object.values(passphrases),
  };
}

/** Fault: USAGE-08. */
export async function readNamedFile(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new Fault('USAGE-08', file, { wanted: 'agent.yaml or a file that it names' }, { cause });
  }
}

async function readClient(
  named: NonNullable<Named['clientCertificates']>[number],
  passphrases: Readonly<Record<string, string>>,
  beside: (name: string) => string,
): Promise<readonly [file: string, client: ClientCertificate]> {
  const file = 'pfx' in named ? named.pfx : named.key;
  const passphrase = passphrases[file];
  const secret = passphrase === undefined ? {} : { passphrase };
  if ('pfx' in named) return [file, { pfx: await readNamedFile(beside(file)), ...secret }];
  const [cert, key] = [await readNamedFile(beside(named.certificate)), await readNamedFile(beside(file))];
  return [file, { cert: cert.toString('utf8'), key: key.toString('utf8'), ...secret }];
}

/** OpenSSL says no more than that: of a PFX, Windows' export with AES256-SHA256 is one that it reads; with RC2, as of old, it does not. */
function requireUsable(client: ClientCertificate, file: string): void {
  try {
    createSecureContext(certificateOptions(client));
  } catch (cause) {
    const native = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
    throw new Fault(
      'USAGE-02',
      file,
      {
        expected:
          client.pfx === undefined
            ? 'a PEM key that belongs to its certificate, and its passphrase, where it has one, under passphrases of the credentials file'
            : 'a PFX file encrypted with AES256 or TripleDES, and its passphrase under passphrases of the credentials file',
        ...(native === undefined ? {} : { native }),
      },
      { cause },
    );
  }
}

function requireVerified(
  accounts: readonly ServerAccount[],
  unverified: ReadonlySet<string>,
  config: string,
): void {
  const both = accounts.map(account => originOf(account.for)).find(origin => unverified.has(origin ?? ''));
  if (both !== undefined)
    throw new Fault('USAGE-02', config, {
      expected: `no account for ${both}, or its certificate verified: the password would go to whoever answers`,
    });
}
