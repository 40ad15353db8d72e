// agent.yaml as the commands use it: pinned keys, transfer settings, and how web servers are come to.
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { HttpAccess } from '../../distribution/http/access.ts';
import type { ServerAccount } from '../../distribution/http/accounts.ts';
import type { TransferSettings } from '../../distribution/transfer-settings.ts';
import type { Observe } from '../../progress/event.ts';
import { decodeAgentConfig, filesNamedIn } from '../../trust/agent-config.ts';
import type { PublicKey } from '../../trust/keys.ts';
import { readHttpAccess, readNamedFile } from './http-access.ts';
import { type AccountsWorld, takeAccounts } from './take-accounts.ts';
import { transferSettingsOf } from './transfer-settings-of.ts';

export interface AgentSettings {
  /** Where it was read; it is staged in the new Windows from here. */
  readonly path: string;
  /** Files that it names (certificates, keys, credentials), relative to it: they are staged with it. */
  readonly certificates: readonly string[];
  readonly keys: readonly PublicKey[];
  /** May vouch for a capture order. */
  readonly policyKeys: readonly PublicKey[];
  /** Sign the list of revoked keys; where there is none, no list is minded. */
  readonly rootKeys: readonly PublicKey[];
  /** Where a list of revoked keys may lie: beside agent.yaml. */
  readonly revocations: string;
  readonly transfer: TransferSettings;
  readonly http: HttpAccess;
  /** Of the credentials file. */
  readonly accounts: readonly ServerAccount[];
  /** What the redactor has to know besides the accounts. */
  readonly secrets: readonly string[];
}

/**
 * @param file `--config`, else `agent.yaml` in `folder` (beside the executable).
 * @throws Fault USAGE-08 when it cannot be read, USAGE-02 with every mistake.
 */
export async function readAgentSettings(file: string | undefined, folder: string): Promise<AgentSettings> {
  const config = path.resolve(file ?? path.join(folder, 'agent.yaml'));
  const document = decodeAgentConfig(await readNamedFile(config), config);
  return {
    path: config,
    certificates: filesNamedIn(document),
    keys: document.keys,
    policyKeys: document.policyKeys,
    rootKeys: document.rootKeys,
    revocations: path.join(path.dirname(config), 'revocations.json'),
    transfer: transferSettingsOf(document.transfer),
    ...(await readHttpAccess(document, config)),
  };
}

/** As readAgentSettings, where agent.yaml need not be there: undefined when none was named and none lies in `folder`. */
export async function readAgentSettingsIfAny(
  file: string | undefined,
  folder: string,
): Promise<AgentSettings | undefined> {
  if (file === undefined && !existsSync(path.join(folder, 'agent.yaml'))) return undefined;
  return await readAgentSettings(file, folder);
}

/** Before anything is fetched: the redactor learns what the credentials file holds, sources get its accounts, and what is not verified is warned of. */
export function takeHttpSettings(settings: AgentSettings, world: AccountsWorld, observe: Observe): void {
  world.learnSecret(settings.secrets);
  takeAccounts(settings.accounts, world, observe);
  warnOfUnverifiedTls(settings, observe);
}

/** For the journal: servers whose certificate is not verified. */
export function unverifiedTlsOf({ http }: AgentSettings): { readonly unverifiedTls?: readonly string[] } {
  return http.unverified.size === 0 ? {} : { unverifiedTls: [...http.unverified] };
}

function warnOfUnverifiedTls({ http }: AgentSettings, observe: Observe): void {
  for (const server of http.unverified)
    observe({
      kind: 'note',
      level: 'warning',
      component: 'tls',
      text: `INSECURE: the certificate of ${server} is not verified (unverifiedTlsServers of agent.yaml): whoever answers is believed to be that server.`,
    });
}
