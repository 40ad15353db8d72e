// prestage keys new: a key pair that signs policy, media, receipts or the list of revoked keys, or the key that encrypts machine records.
import path from 'node:path';
import type { Command } from 'commander';
import { createKey, createMachineKey } from '../../author/key-files.ts';
import type { Composition } from '../composition.ts';
import { newKeyPassphrase, type PassphraseOptions } from '../key-passphrase.ts';

export interface KeysNewOptions extends PassphraseOptions {
  readonly in?: string;
  readonly machine?: boolean;
  readonly passphrase?: boolean;
  readonly json?: boolean;
}

/** Registers the command. */
export function addKeysNew(
  keys: Command,
  compose: () => Promise<Composition>,
  exit: (code: number) => void,
): void {
  keys
    .command('new')
    .summary('make a key pair, or a machine key; never overwrites')
    .description(
      'Makes NAME.pem (private, readable by you alone) and NAME.pub. The public key of the media key goes into agent.yaml in the boot image, that of the root key too, as rootKeys; keep the private files away from distribution points. With --machine: makes NAME.key, which encrypts what the site knows of single machines and the user state that they give.',
    )
    .argument('<name>', 'name of the key, as site.yaml calls it')
    .option('--machine', 'make the key of machine records instead of a pair that signs')
    .option('--passphrase', 'protect it by a passphrase, which is asked for twice')
    .option('--passphrase-file <file>', 'the same, with the passphrase in the first line of a file')
    .option('--in <folder>', 'folder for the files', 'keys')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nThe variable PRESTAGE_PASSPHRASE is taken with --passphrase instead of asking.\n\nExamples:\n  prestage keys new policy --in site/keys\n  prestage keys new media --in site/keys --passphrase\n  prestage keys new machine --machine --in site/keys\n  prestage keys new root --in E:\\offline --passphrase',
    )
    .action(async (name: string, options: KeysNewOptions) =>
      exit(await keysNew(name, options, await compose())),
    );
}

/** @returns 0. Faults: USAGE-01, USAGE-09 a file of that name is there, USAGE-17, DISK-02. */
export async function keysNew(
  name: string,
  options: KeysNewOptions,
  composition: Composition,
): Promise<number> {
  const { print } = composition;
  const folder = path.resolve(options.in ?? 'keys');
  const chosen =
    options.passphrase === true || options.passphraseFile !== undefined
      ? await newKeyPassphrase(
          name,
          { option: '--passphrase-file', file: options.passphraseFile, json: options.json === true },
          composition,
        )
      : undefined;
  const isProtected = chosen !== undefined;
  if (options.machine === true) {
    const keyFile = await createMachineKey(folder, name, chosen);
    print(
      options.json === true
        ? JSON.stringify({ format: 'prestage-key/1', name, keyFile, protected: isProtected }, undefined, 2)
        : `Machine key  ${keyFile}\nKeep it: without it, what was captured under it cannot be restored, and media made before know no machine.`,
    );
    return 0;
  }
  const { privateFile, publicFile, public: half } = await createKey(folder, name, chosen);
  print(
    options.json === true
      ? JSON.stringify(
          {
            format: 'prestage-key/1',
            name,
            keyId: half.id,
            publicKey: half.text,
            privateFile,
            publicFile,
            protected: isProtected,
          },
          undefined,
          2,
        )
      : [
          `Private key  ${privateFile}${isProtected ? ', under its passphrase' : ''}`,
          `Public key   ${publicFile}`,
          `Key ID       ${half.id}`,
          `To pin       ${half.text}`,
        ].join('\n'),
  );
  return 0;
}
