// agent.yaml as the commands use it: pinned keys, transfer settings and extra certificate authorities.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { defaultTransferSettings, type TransferSettings } from '../../distribution/transfer-settings.ts';
import { Fault } from '../../fault/fault.ts';
import { decodeAgentConfig } from '../../trust/agent-config.ts';
import type { PublicKey } from '../../trust/keys.ts';

export interface AgentSettings {
  /** Where it was read; it is staged in the new Windows from here. */
  readonly path: string;
  /** Certificate files that it names, relative to it: they are staged with it. */
  readonly certificates: readonly string[];
  readonly keys: readonly PublicKey[];
  /** May vouch for a capture order. */
  readonly policyKeys: readonly PublicKey[];
  /** Sign the list of revoked keys; where there is none, no list is minded. */
  readonly rootKeys: readonly PublicKey[];
  /** Where a list of revoked keys may lie: beside agent.yaml. */
  readonly revocations: string;
  readonly transfer: TransferSettings;
  /** PEM text of the site's own authorities, all in one. */
  readonly ca?: string;
}

/**
 * @param file `--config`, else `agent.yaml` in `folder` (beside the executable).
 * @throws Fault USAGE-08 when it cannot be read, USAGE-02 with every mistake.
 */
export async function readAgentSettings(file: string | undefined, folder: string): Promise<AgentSettings> {
  const config = path.resolve(file ?? path.join(folder, 'agent.yaml'));
  const document = decodeAgentConfig(await readOrFault(config), config);
  const authorities = await Promise.all(
    (document.ca ?? []).map(name => readOrFault(path.resolve(path.dirname(config), name))),
  );
  const { retryCount, retryDelaySeconds, connections, leastBytesPerSecond, stallTimeoutSeconds } =
    document.transfer ?? {};
  return {
    path: config,
    certificates: document.ca ?? [],
    keys: document.keys,
    policyKeys: document.policyKeys,
    rootKeys: document.rootKeys,
    revocations: path.join(path.dirname(config), 'revocations.json'),
    transfer: {
      retryCount: retryCount ?? defaultTransferSettings.retryCount,
      retryDelayMs:
        retryDelaySeconds === undefined ? defaultTransferSettings.retryDelayMs : retryDelaySeconds * 1000,
      connections: connections ?? defaultTransferSettings.connections,
      leastBytesPerSecond: leastBytesPerSecond ?? defaultTransferSettings.leastBytesPerSecond,
      stallTimeoutMs:
        stallTimeoutSeconds === undefined
          ? defaultTransferSettings.stallTimeoutMs
          : stallTimeoutSeconds * 1000,
    },
    ...(authorities.length === 0 ? {} : { ca: authorities.map(bytes => bytes.toString('utf8')).join('\n') }),
  };
}

async function readOrFault(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new Fault('USAGE-08', file, { wanted: 'agent.yaml or a certificate that it names' }, { cause });
  }
}
