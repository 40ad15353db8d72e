// prestage keys protect: a passphrase for a key that is there, another one, or none.
import path from 'node:path';
import type { Command } from 'commander';
import { protectKeyFile } from '../../author/protect-key.ts';
import { Fault } from '../../fault/fault.ts';
import type { Composition } from '../composition.ts';
import {
  addPassphraseOption,
  keyPassphrase,
  newKeyPassphrase,
  type PassphraseOptions,
} from '../key-passphrase.ts';

export interface KeysProtectOptions extends PassphraseOptions {
  readonly in?: string;
  readonly newPassphraseFile?: string;
  readonly remove?: boolean;
  readonly json?: boolean;
}

/** Registers the command. */
export function addKeysProtect(
  keys: Command,
  compose: () => Promise<Composition>,
  exit: (code: number) => void,
): void {
  const command = keys
    .command('protect')
    .summary('give a private key a passphrase, another one, or none')
    .description(
      'Asks for the passphrase of NAME.pem or NAME.key where it has one, then twice for the new one. The key stays the same: nothing that it signed or that pins it changes. The new file is proven to open before it takes the place of the old one.',
    )
    .argument('<name>', 'name of the key, as site.yaml calls it')
    .option('--in <folder>', 'folder of the files', 'keys');
  addPassphraseOption(command)
    .option('--new-passphrase-file <file>', 'file whose first line is the new passphrase')
    .option('--remove', 'leave the key without a passphrase')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nThe variables PRESTAGE_PASSPHRASE (of now) and PRESTAGE_NEW_PASSPHRASE are taken\ninstead of asking. Copies and backups of the file stay as they were.\n\nExamples:\n  prestage keys protect policy --in site/keys\n  prestage keys protect policy --in site/keys --remove',
    )
    .action(async (name: string, options: KeysProtectOptions) =>
      exit(await keysProtect(name, options, await compose())),
    );
}

/** @returns 0. Faults: USAGE-01, and those of author/protect-key.ts. */
export async function keysProtect(
  name: string,
  options: KeysProtectOptions,
  composition: Composition,
): Promise<number> {
  const { in: where, newPassphraseFile, remove } = options;
  if (remove === true && newPassphraseFile !== undefined)
    throw new Fault('USAGE-01', 'keys protect', { expected: '--remove or --new-passphrase-file, not both' });
  const file = await protectKeyFile(
    { folder: path.resolve(where ?? 'keys'), name },
    { passphrase: keyPassphrase(options, composition), observe: composition.observe },
    async () =>
      remove === true
        ? undefined
        : newKeyPassphrase(
            name,
            { option: '--new-passphrase-file', file: newPassphraseFile, json: options.json === true },
            composition,
          ),
    composition.durable,
  );
  composition.print(
    options.json === true
      ? JSON.stringify({ format: 'prestage-protected-key/1', file, protected: remove !== true }, undefined, 2)
      : `${file} ${remove === true ? 'has no passphrase any more' : 'opens by its new passphrase alone'}. Its backups are as they were.`,
  );
  return 0;
}
