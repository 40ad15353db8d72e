// credentials.yaml, the one file beside agent.yaml that holds secrets: accounts for servers and proxies, passphrases of client keys. agent.yaml itself is
// shown, copied and mailed around, so nothing secret stands in it.
import { z } from 'zod';
import { decodeYaml } from '../document/decode-yaml.ts';
import { serverAccounts, shortSecret } from '../document/server-account.ts';

export const credentialsSchema = z.strictObject({
  accounts: serverAccounts.default([]),
  passphrases: z.record(z.string().min(1).max(260), shortSecret).default({}).meta({
    description: 'Passphrases of client keys, by the name of the key (or PFX) file as agent.yaml names it.',
  }),
});
export type Credentials = Readonly<z.infer<typeof credentialsSchema>>;

/** @returns the file's content. Fault: USAGE-02 with every mistake, and of no secret the value. */
export function decodeCredentials(bytes: Uint8Array | string, file: string): Credentials {
  return decodeYaml(bytes, credentialsSchema, { file });
}
