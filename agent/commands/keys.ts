// prestage keys new: a key pair that signs policy or media.
import path from 'node:path';
import type { Command } from 'commander';
import { createKey } from '../author/key-files.ts';
import type { Composition } from './composition.ts';

export interface KeysNewOptions {
  readonly in?: string;
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
    .summary('make a key pair; never overwrites')
    .description(
      'Makes NAME.pem (private, readable by you alone) and NAME.pub. The public key of the media key goes into agent.yaml in the boot image; keep the private files away from distribution points.',
    )
    .argument('<name>', 'name of the key, as site.yaml calls it')
    .option('--in <folder>', 'folder for the files', 'keys')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  prestage keys new policy --in site/keys\n  prestage keys new media --in site/keys',
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
  const made = await createKey(path.resolve(options.in ?? 'keys'), name);
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
