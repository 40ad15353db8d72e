// agent.yaml, which lies beside the agent in the boot image: the keys it pins and how it behaves before any media is verified.
import { z } from 'zod';
import { decodeYaml } from '../document/decode-yaml.ts';
import { serverUrl } from '../document/fields.ts';
import { isNoProxyEntry } from '../document/no-proxy.ts';
import { type PublicKey, publicKey, publicKeyText } from './keys.ts';
import { transferConfigSchema } from './transfer-config.ts';

/** The file is staged beside agent.yaml in the new Windows, under the same name: another drive or folder would not be there. */
const besideFile = z.string().min(1).refine(staysBeside, 'a path below the folder of agent.yaml');

/** A web server by its address; a path says nothing. */
const server = serverUrl;

const clientCertificate = z.union(
  [
    z.strictObject({ for: server, certificate: besideFile, key: besideFile }),
    z.strictObject({ for: server, pfx: besideFile }),
  ],
  'for, with certificate and key (PEM files) or with pfx',
);

export const agentConfigSchema = z.strictObject({
  keys: z
    .array(publicKeyText)
    .min(1)
    .max(16)
    .meta({ description: 'Public keys that may vouch for prestaged media (prestage keys new prints them).' }),
  policyKeys: z.array(publicKeyText).max(16).optional().meta({
    description:
      'Public keys that may vouch for capture orders where there is no media (`prestage capture`): those that sign policy.',
  }),
  rootKeys: z.array(publicKeyText).max(4).optional().meta({
    description:
      'Public root keys: they sign nothing but the list of revoked keys, and stay offline. See docs/keys.md.',
  }),
  log: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Without effect yet: logs are copied by the step copy-logs.' }),
  ca: z.array(besideFile).optional().meta({
    description:
      'PEM files, relative to agent.yaml, of certificate authorities that HTTPS servers may use besides the system’s.',
  }),
  clientCertificates: z.array(clientCertificate).max(64).optional().meta({
    description:
      'Certificates that servers are shown that ask for one, each for one server: PEM files, or a PFX file, relative to agent.yaml. Passphrases belong into the credentials file.',
  }),
  credentials: besideFile.optional().meta({
    description:
      'The file, relative to agent.yaml, with accounts and passphrases: nothing secret stands in agent.yaml itself. See docs/sources.md.',
  }),
  proxy: z
    .string()
    .refine(
      isProxy,
      'a proxy such as http://proxy:3128, without user name and password: these belong into the credentials file',
    )
    .optional()
    .meta({
      description:
        'The proxy for web servers. There is none where none is named: environment variables say nothing.',
    }),
  noProxy: z
    .array(
      z
        .string()
        .min(1)
        .max(260)
        .refine(isNoProxyEntry, 'a host, a .domain, an address or a network such as 10.0.0.0/8'),
    )
    .max(256)
    .optional()
    .meta({ description: 'Who is asked without the proxy: hosts, .domains, IP addresses and networks.' }),
  unverifiedTlsServers: z.array(server.refine(isHttps, 'an https:// address')).max(64).optional().meta({
    description:
      'INSECURE. Servers whose TLS certificate is not verified: whoever answers is believed to be that server. Content is still proven, accounts are not shown to them. Every run warns of it, and the report says so.',
  }),
  transfer: transferConfigSchema
    .optional()
    .meta({ description: 'How patiently content is fetched, and how much of the network that may take.' }),
});

function staysBeside(name: string): boolean {
  return !/^[\\/]|:/.test(name) && !name.split(/[\\/]/).includes('..');
}

function isHttps(url: string): boolean {
  return url.startsWith('https:');
}

function isProxy(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return (
    (url?.protocol === 'http:' || url?.protocol === 'https:') &&
    url.pathname === '/' &&
    `${url.username}${url.password}${url.search}${url.hash}` === ''
  );
}

/** @returns every file that the document names, relative to it: where agent.yaml goes, they go. */
export function filesNamedIn({
  ca,
  clientCertificates,
  credentials,
}: Pick<AgentConfigDocument, 'ca' | 'clientCertificates' | 'credentials'>): readonly string[] {
  return [
    ...(ca ?? []),
    ...(clientCertificates ?? []).flatMap(each =>
      'pfx' in each ? [each.pfx] : [each.certificate, each.key],
    ),
    ...(credentials === undefined ? [] : [credentials]),
  ];
}

export type AgentConfigDocument = Readonly<z.infer<typeof agentConfigSchema>>;

export interface AgentConfig extends Omit<AgentConfigDocument, 'keys' | 'policyKeys' | 'rootKeys'> {
  readonly keys: readonly PublicKey[];
  readonly policyKeys: readonly PublicKey[];
  readonly rootKeys: readonly PublicKey[];
}

/** @returns the configuration with its keys ready to verify. Fault: USAGE-02 with every mistake. */
export function decodeAgentConfig(bytes: Uint8Array | string, file = 'agent.yaml'): AgentConfig {
  const document = decodeYaml(bytes, agentConfigSchema, { file });
  return {
    ...document,
    keys: document.keys.map(publicKey),
    policyKeys: (document.policyKeys ?? []).map(publicKey),
    rootKeys: (document.rootKeys ?? []).map(publicKey),
  };
}
