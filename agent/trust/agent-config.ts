// agent.yaml, which lies beside the agent in the boot image: the keys it pins and how it behaves before any media is verified.
import { z } from 'zod';
import { decodeYaml } from '../document/decode-yaml.ts';
import { type PublicKey, publicKey, publicKeyText } from './keys.ts';

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
  ca: z
    .array(z.string().min(1).refine(staysBeside, 'a path below the folder of agent.yaml'))

    .optional()
    .meta({
      description:
        'PEM files, relative to agent.yaml, of certificate authorities that HTTPS servers may use besides the system’s.',
    }),
  transfer: z
    .strictObject({
      retryCount: z.int().min(0).max(100).optional(),
      retryDelaySeconds: z.number().min(0).max(3600).optional(),
      connections: z.int().min(1).max(16).optional(),
      leastBytesPerSecond: z.int().min(0).optional(),
      stallTimeoutSeconds: z.number().positive().max(3600).optional(),
    })
    .optional()
    .meta({ description: 'How patiently content is fetched.' }),
});

/** The file is staged beside agent.yaml in the new Windows, under the same name: another drive or folder would not be there. */
function staysBeside(name: string): boolean {
  return !/^[\\/]|:/.test(name) && !name.split(/[\\/]/).includes('..');
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
