// prestage keys revoke: adds a key to the site's list of revoked keys, signed by the root key.
import path from 'node:path';
import type { Command } from 'commander';
import { loadPublicKey } from '../../author/key-files.ts';
import { readSite } from '../../author/read-site.ts';
import { revokeKey } from '../../author/revoke-key.ts';
import { siteCode } from '../../document/fields.ts';
import type { Composition } from '../composition.ts';
import { addPassphraseOption, keyPassphrase, type PassphraseOptions } from '../key-passphrase.ts';
import { readPublicKey } from '../media/pinned-keys.ts';

export interface KeysRevokeOptions extends PassphraseOptions {
  readonly root: string;
  readonly site: string;
  readonly in?: string;
  readonly reason?: string;
  readonly formerRoot?: string;
  readonly json?: boolean;
}

/** Registers the command. */
export function addKeysRevoke(
  keys: Command,
  compose: () => Promise<Composition>,
  exit: (code: number) => void,
): void {
  const command = keys
    .command('revoke')
    .summary('revoke a key for good, by the offline root key')
    .description(
      'Adds KEY to revocations.json in the key folder and signs the list with the root key. From then on publish and media create refuse to sign with KEY; the next publish lays the list onto the distribution point, and media made afterwards carry it. Whatever KEY signed is not believed any more, also what it signed before. It cannot be taken back.',
    )
    .argument('<key>', 'the public key, its .pub file, or the key ID of one in the key folder')
    .requiredOption('--root <file>', 'the private root key (.pem)')
    .requiredOption(
      '--site <site>',
      'the folder that holds site.yaml, or the site code where it is not at hand',
    )
    .option('--in <folder>', 'the key folder (default: SITE/keys, or keys)')
    .option('--reason <text>', 'shown wherever something is refused for it')
    .option('--former-root <key>', 'public key or .pub file that signed the list until now');
  addPassphraseOption(command)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  prestage keys revoke site/keys/media.pub --site site --root E:\\root.pem\n  prestage keys revoke 0123456789abcdef --site CON --in keys --root root.pem --reason "laptop stolen"',
    )
    .action(async (key: string, options: KeysRevokeOptions) =>
      exit(await keysRevoke(key, options, await compose())),
    );
}

/** @returns 0. Faults: those of author/revoke-key.ts, and of readSite. */
export async function keysRevoke(
  key: string,
  options: KeysRevokeOptions,
  composition: Composition,
): Promise<number> {
  const { root, site, in: where, reason, formerRoot } = options;
  const isCode = siteCode.safeParse(site).success;
  const known = isCode ? undefined : await readSite(site);
  const folder = path.resolve(where ?? (isCode ? 'keys' : path.join(site, 'keys')));
  const former = formerRoot === undefined ? undefined : await readPublicKey(formerRoot);
  const { durable, clock, observe } = composition;
  const { file, list, added, keyId } = await revokeKey(
    {
      key,
      root,
      folder,
      site: known?.site ?? site,
      ...(known?.keys.root !== undefined && { named: await loadPublicKey(folder, known.keys.root) }),
      ...(reason !== undefined && { reason }),
      ...(former !== undefined && { formerRoot: former }),
    },
    { durable, clock, observe, passphrase: keyPassphrase(options, composition) },
  );
  composition.print(
    options.json === true
      ? JSON.stringify({ format: 'prestage-revoked/1', file, signedBy: keyId, added, list }, undefined, 2)
      : [
          `Key ${added.keyId} is revoked since ${added.since}. List ${list.serial} of site ${list.site} holds ${list.revoked.length === 1 ? 'one key' : `${list.revoked.length} keys`}, signed by root key ${keyId}.`,
          file,
          'Next:',
          ...(known !== undefined && known.keys.root === undefined
            ? [
                '  0. name this root key in site.yaml (keys.root) and pin it in agent.yaml (rootKeys): until then nobody minds the list',
              ]
            : []),
          '  1. name another key in site.yaml where this one stands, and make it where it is new',
          '  2. prestage publish, so that machines that reach a server know',
          '  3. prestage media create, and agent.yaml without this key in the boot image, where it signed media',
        ].join('\n'),
  );
  return 0;
}
