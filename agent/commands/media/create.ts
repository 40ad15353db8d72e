// prestage media create: one WIM with everything a machine needs, and the bill of what went into it.
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { type CreatedMedia, createMedia } from '../../author/create-media.ts';
import { sizeText } from '../../console/size-text.ts';
import { tableLines } from '../../console/table.ts';
import type { Composition } from '../composition.ts';
import { addPassphraseOption, keyPassphrase, type PassphraseOptions } from '../key-passphrase.ts';
import { MEDIA_PASSWORD_VARIABLE, obtainNewSecret } from '../secret-source.ts';

export interface MediaCreateOptions extends PassphraseOptions {
  readonly to: string;
  readonly from: string;
  readonly keys?: string;
  readonly agent?: string;
  readonly passwordFile?: string;
  readonly replace?: boolean;
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
    .option('--password-file <file>', 'media with a password: the file that has it in its first line');
  addPassphraseOption(command)
    .option('--replace', 'replace a WIM of that name')
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

/** The bill: every item, its version and size, and whether the site has gone on since. */
function billLines(created: CreatedMedia): string[] {
  const { wim, bytes, sha256, keyId, manifest, policySerial, machineRecords, bill } = created;
  const rows = bill.map(item => [
    item.id,
    item.version,
    item.type,
    item.lies,
    sizeText(item.bytes),
    item.supersededBy ?? '',
    item.name,
  ]);
  const total = bill.reduce((sum, item) => sum + item.bytes, 0);
  return [
    ...tableLines(
      [
        { title: 'ID' },
        { title: 'Version' },
        { title: 'Type' },
        { title: 'Lies in' },
        { title: 'Size', right: true },
        { title: 'Superseded by' },
        { title: 'Name' },
      ],
      rows,
    ),
    '',
    `${bill.length} items, ${sizeText(total)}; policy ${policySerial}; valid from ${manifest.validFrom} until ${manifest.validUntil}.`,
    `Media ${manifest.mediaId} "${manifest.name}", made by ${manifest.createdBy}, signed by key ${keyId}.`,
    ...(manifest.machineKey === undefined
      ? []
      : [
          'It has no password, and holds the key of machine records in the clear: whoever has it can read the record of a machine that he can name.',
        ]),
    ...(machineRecords.decision === 'too-large'
      ? [
          `The records of machines (${sizeText(machineRecords.bytes)}) are too large to be carried: offline, this media refuses to deploy.`,
        ]
      : []),
    `${wim}: ${sizeText(bytes)}, SHA-256 ${sha256}`,
    'Send the .json and .sig files beside it along: without them nobody can prove that it arrived whole.',
  ];
}
