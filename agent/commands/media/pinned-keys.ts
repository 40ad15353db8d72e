// The keys that a media command believes: those named on the command line, or those that agent.yaml pins.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { asFault, Fault } from '../../fault/fault.ts';
import { type PublicKey, publicKey, publicKeyText } from '../../trust/keys.ts';
import type { Composition } from '../composition.ts';
import { readAgentSettings } from '../deployment/agent-settings.ts';

export interface KeyOptions {
  readonly key?: readonly string[];
  readonly config?: string;
}

/** Adds `--key` and `--config`. */
export function addKeyOptions(command: Command): Command {
  return command
    .option('--key <key...>', 'public key of the media, as text or as a .pub file')
    .option('--config <file>', 'agent.yaml with the pinned keys (default: beside the executable)');
}

/** The same options again, for a command that is printed to be typed next: ` --key media.pub`. */
export function keyOptionsText({ key, config }: KeyOptions): string {
  if (key !== undefined) return ` --key ${key.map(quoted).join(' ')}`;
  return config === undefined ? '' : ` --config ${quoted(config)}`;
}

function quoted(word: string): string {
  return /[\s&()]/.test(word) ? `"${word}"` : word;
}

/** Faults: USAGE-01 nobody named a key, and no agent.yaml is beside the executable; USAGE-11 not a key, USAGE-08 and USAGE-02 of agent.yaml. */
export async function pinnedKeys(
  { key, config }: KeyOptions,
  { agent }: Pick<Composition, 'agent'>,
): Promise<readonly PublicKey[]> {
  if (key !== undefined) return Promise.all(key.map(readPublicKey));
  const isThere = config !== undefined || existsSync(path.join(agent.folder, 'agent.yaml'));
  if (!isThere)
    throw new Fault('USAGE-01', '--key', {
      expected: 'the public key that must have signed the media: --key media.pub, or --config agent.yaml',
      found: `neither, and no agent.yaml in ${agent.folder}`,
    });
  return (await readAgentSettings(config, agent.folder)).keys;
}

/** As `pinnedKeys`, but none at all where nobody named any and no agent.yaml is there. */
export async function pinnedKeysOrNone(
  options: KeyOptions,
  composition: Pick<Composition, 'agent'>,
): Promise<readonly PublicKey[]> {
  try {
    return await pinnedKeys(options, composition);
  } catch (thrown) {
    const nobodyNamedAny = options.key === undefined && options.config === undefined;
    if (nobodyNamedAny && asFault(thrown).code === 'USAGE-01') return [];
    throw thrown;
  }
}

/** @param textOrFile a public key as text, or the path of a .pub file. Fault: USAGE-11. */
export async function readPublicKey(textOrFile: string): Promise<PublicKey> {
  if (publicKeyText.safeParse(textOrFile).success) return publicKey(textOrFile);
  const text = await readFile(textOrFile, 'utf8').catch(cause => {
    throw new Fault(
      'USAGE-11',
      textOrFile,
      { expected: 'a public key (ed25519:...) or a .pub file' },
      { cause },
    );
  });
  return publicKey(text.trim());
}
