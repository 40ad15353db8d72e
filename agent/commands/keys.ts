// prestage keys new: a key pair that signs policy or media, or the key that encrypts machine records.
import path from 'node:path';
import type { Command } from 'commander';
import { createKey, createMachineKey } from '../author/key-files.ts';
import type { Composition } from './composition.ts';

export interface KeysNewOptions {
  readonly in?: string;
  readonly machine?: boolean;
  readonly json?: boolean;
}

/** Registers the command. */
export function addKeys(
  program: Command,
  compose: () => Promise<Composition>,
  exit: (code: number) => void,
): void {
  const keys = program.command('keys').summary('make keys that sign policy and media');
  keys
    .command('new')
    .summary('make a key pair, or a machine key; never overwrites')
    .description(
      'Makes NAME.pem (private, readable by you alone) and NAME.pub. The public key of the media key goes into agent.yaml in the boot image; keep the private files away from distribution points. With --machine: makes NAME.key, which encrypts what the site knows of single machines and the user state that they give.',
    )
    .argument('<name>', 'name of the key, as site.yaml calls it')
    .option('--machine', 'make the key of machine records instead of a pair that signs')
    .option('--in <folder>', 'folder for the files', 'keys')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  prestage keys new policy --in site/keys\n  prestage keys new media --in site/keys\n  prestage keys new machine --machine --in site/keys',
    )
    .action(async (name: string, options: KeysNewOptions) =>
      exit(await keysNew(name, options, await compose())),
    );
}

/** @returns 0. Faults: USAGE-01, USAGE-09 a file of that name is there, DISK-02. */
export async function keysNew(
  name: string,
  options: KeysNewOptions,
  { print }: Pick<Composition, 'print'>,
): Promise<number> {
  const folder = path.resolve(options.in ?? 'keys');
  if (options.machine === true) {
    const keyFile = await createMachineKey(folder, name);
    print(
      options.json === true
        ? JSON.stringify({ format: 'prestage-key/1', name, keyFile }, undefined, 2)
        : `Machine key  ${keyFile}\nKeep it: without it, what was captured under it cannot be restored, and media made before know no machine.`,
    );
    return 0;
  }
  const made = await createKey(folder, name);
  const { privateFile, publicFile } = made;
  if (options.json === true) {
    print(
      JSON.stringify(
        {
          format: 'prestage-key/1',
          name,
          keyId: made.public.id,
          publicKey: made.public.text,
          privateFile,
          publicFile,
        },
        undefined,
        2,
      ),
    );
  } else {
    print(
      [
        `Private key  ${privateFile}`,
        `Public key   ${publicFile}`,
        `Key ID       ${made.public.id}`,
        `To pin       ${made.public.text}`,
      ].join('\n'),
    );
  }
  return 0;
}
