// prestage keys show: which key is which, what to pin, and whether the secret halves are kept well.
import type { Command } from 'commander';
import { readSite } from '../../author/read-site.ts';
import { type ShownKey, showKeys } from '../../author/show-keys.ts';
import type { Composition } from '../composition.ts';

export interface KeysShowOptions {
  readonly site?: string;
  readonly json?: boolean;
}

/** Registers the command. */
export function addKeysShow(
  keys: Command,
  compose: () => Promise<Composition>,
  exit: (code: number) => void,
): void {
  keys
    .command('show')
    .summary('show what keys are, and the text to pin; nothing secret')
    .description(
      'Shows each key of a folder, or the one of a file: its ID, the text that agent.yaml pins, and whether its private half is there, protected, and readable by others. With --site also what the site uses it for, and whether it is revoked.',
    )
    .argument('<place>', 'a key folder, or a .pem, .pub or .key file')
    .option('--site <folder>', 'the folder that holds site.yaml')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  prestage keys show site/keys --site site\n  prestage keys show site/keys/media.pub --json',
    )
    .action(async (place: string, options: KeysShowOptions) =>
      exit(await keysShow(place, options, await compose())),
    );
}

/** @returns 0. Faults: those of author/show-keys.ts, and of readSite. */
export async function keysShow(
  place: string,
  { site, json }: KeysShowOptions,
  { print }: Pick<Composition, 'print'>,
): Promise<number> {
  const keys = await showKeys(place, site === undefined ? undefined : await readSite(site));
  print(
    json === true
      ? JSON.stringify({ format: 'prestage-keys/1', keys }, undefined, 2)
      : keys.map(key => linesOf(key, site !== undefined).join('\n')).join('\n\n'),
  );
  return 0;
}

function linesOf(key: ShownKey, withSite: boolean): readonly string[] {
  const { name, uses, keyId, publicKey, secret, secretFile, readByOthers, revoked } = key;
  const used = uses.length === 0 ? 'nothing in site.yaml' : uses.join(', ');
  return [
    withSite ? `${name}: ${used}` : name,
    ...(revoked === undefined
      ? []
      : [`  REVOKED since ${revoked.since}${revoked.reason === undefined ? '' : `: ${revoked.reason}`}`]),
    `  Key ID   ${keyId ?? 'told by its passphrase alone'}`,
    ...(publicKey === undefined ? [] : [`  To pin   ${publicKey}`]),
    `  Secret   ${SECRET_TEXT[secret]}${secretFile === undefined ? '' : `, ${secretFile}`}`,
    ...(readByOthers === true ? ['  WARNING  others on this machine can read it: chmod 600'] : []),
  ];
}

const SECRET_TEXT = {
  absent: 'not here',
  plain: 'here, without a passphrase',
  protected: 'here, under a passphrase',
} as const satisfies Readonly<Record<ShownKey['secret'], string>>;
