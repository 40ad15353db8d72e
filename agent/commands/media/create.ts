// prestage media create: one WIM with everything a machine needs, and the bill of what went into it.
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { Command } from 'commander';
import { createMedia } from '../../author/create-media.ts';
import { encodeJson } from '../../document/decode-json.ts';
import type { Composition } from '../composition.ts';
import { addPassphraseOption, keyPassphrase, type PassphraseOptions } from '../key-passphrase.ts';
import { MEDIA_PASSWORD_VARIABLE, obtainNewSecret } from '../secret-source.ts';
import { billLines } from './bill-lines.ts';

export interface MediaCreateOptions extends PassphraseOptions {
  readonly to: string;
  readonly from: string;
  readonly keys?: string;
  readonly agent?: string;
  readonly passwordFile?: string;
  readonly replace?: boolean;
  readonly bill?: string;
  readonly json?: boolean;
}

/** Registers the command. */
export function addMediaCreate(
  media: Command,
  compose: () => Promise<Composition>,
  exit: (code: number) => void,
): void {
  const command = media
    .command('create')
    .summary('make a prestaged WIM from a published site')
    .description(
      'Collects what media/NAME.yaml asks for from a distribution point folder, proves every byte against its policy, and captures a WIM of two images: EFI system partition and volume. Signed documents go inside and beside it; keep them with the WIM.',
    )
    .argument('<site>', 'the folder that holds site.yaml')
    .argument('<name>', 'name of the media document, without .yaml')
    .requiredOption('--to <file.wim>', 'the WIM to make')
    .requiredOption('--from <folder>', 'the distribution point folder that the site was published to')
    .option('--keys <folder>', 'folder of the key files (default: SITE/keys)')
    .option('--agent <file>', 'agent executable to lay onto the volume (default: as the document says)')
    .option('--password-file <file>', 'file with the media’s password in its first line');
  addPassphraseOption(command)
    .option('--replace', 'replace a WIM of that name')
    .option('--bill <file.json>', 'also write the bill as JSON into this file')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  prestage media create site depot --from /srv/dp --to out/depot.wim\n  prestage media create site depot --from \\\\dp01\\prestage --to D:\\depot.wim --replace',
    )
    .action(async (site: string, name: string, options: MediaCreateOptions) =>
      exit(await mediaCreate(site, name, options, await compose())),
    );
}

/** @returns 0. Faults: those of author/create-media.ts. */
export async function mediaCreate(
  site: string,
  name: string,
  options: MediaCreateOptions,
  composition: Composition,
): Promise<number> {
  const { to, from, keys, agent, replace } = options;
  const pool = await composition.openPool();
  try {
    const created = await createMedia(
      {
        site,
        name,
        to,
        from,
        replace: replace ?? false,
        ...(keys !== undefined && { keys }),
        ...(agent !== undefined && { agent }),
      },
      {
        ...composition,
        pool,
        imaging: await composition.openImaging(),
        newId: () => randomUUID(),
        passphrase: keyPassphrase(options, composition),
        newPassword: what => newPassword(what, options, composition),
      },
    );
    // Whoever has the media has it, but no log of a build server needs it.
    composition.learnSecret([created.manifest.machineKey ?? '']);
    if (options.bill !== undefined) {
      const { manifest, ...made } = created;
      const { mediaId, name, version, createdBy } = manifest;
      const bill = { format: 'prestage-bill/1', mediaId, name, version, createdBy, ...made };
      const file = path.resolve(options.bill);
      await composition.durable.makeFolder(path.dirname(file));
      await composition.durable.replaceFile(file, encodeJson(bill));
    }
    composition.endProgress();
    composition.print(
      options.json === true
        ? JSON.stringify({ format: 'prestage-created-media/1', ...created }, undefined, 2)
        : billLines(created).join('\n'),
    );
    return 0;
  } finally {
    await pool.close();
  }
}

async function newPassword(
  what: string,
  { passwordFile, json }: MediaCreateOptions,
  composition: Composition,
): Promise<string> {
  // Standard output belongs to the result then.
  const { terminal, ...world } = composition;
  const { text } = await obtainNewSecret(
    { what, option: '--password-file', file: passwordFile, variable: MEDIA_PASSWORD_VARIABLE },
    json === true || terminal === undefined ? world : composition,
  );
  return text;
}
