// prestage publish: a site folder onto a distribution point.
import type { Command } from 'commander';
import { type Published, publish } from '../author/publish.ts';
import { sizeText } from '../console/size-text.ts';
import { tableLines } from '../console/table.ts';
import { Fault } from '../fault/fault.ts';
import type { Composition } from './composition.ts';
import { addPassphraseOption, keyPassphrase, type PassphraseOptions } from './key-passphrase.ts';
import { type PruneOptions, prune } from './prune.ts';

export interface PublishOptions extends PassphraseOptions, PruneOptions {
  readonly rehash?: boolean;
  /** false by `--no-packs`. */
  readonly packs?: boolean;
  readonly prune?: boolean;
}

/** Registers the command. */
export function addPublish(
  program: Command,
  compose: () => Promise<Composition>,
  exit: (code: number) => void,
): void {
  const command = program
    .command('publish')
    .summary('put a site’s content and signed policy onto a distribution point')
    .description(
      'Reads every document of SITE, copies new content versions to the distribution point folder, and signs a new policy that names each item by digest. A published version never changes; unchanged items are skipped by a look.',
    )
    .argument('<site>', 'the folder that holds site.yaml')
    .requiredOption('--to <folder>', 'the distribution point: a folder or share that a web server serves')
    .option('--keys <folder>', 'folder of the key files (default: SITE/keys)');
  addPassphraseOption(command)
    .option('--rehash', 'read everything again, at the source and on the distribution point')
    .option('--no-packs', 'plain files alone, without compressed packs of them beside them')
    .option('--prune', 'publish nothing; name what no policy there and no listed media needs')
    .option('--media <files...>', 'with --prune: media whose content stays, by their .wim names')
    .option('--media-folder <folders...>', 'with --prune: folders of media whose content stays')
    .option('--yes', 'with --prune: remove what is named')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nFurther distribution points are copies of this one: copy content/ first, then\nkeys/ and policy/<number>/, policy/current.json last.\n\nExamples:\n  prestage publish site --to /srv/dp\n  prestage publish site --to \\\\dp01\\prestage --keys D:\\keys --json\n  prestage publish site --to /srv/dp --prune --media-folder /srv/media --yes',
    )
    .action(async (site: string, options: PublishOptions) =>
      exit(await publishSite(site, options, await compose())),
    );
}

/** @returns 0. Faults: those of author/publish.ts and author/prune-point.ts; USAGE-01. */
export async function publishSite(
  site: string,
  options: PublishOptions,
  composition: Composition,
): Promise<number> {
  refuseOptionsOfOther(options);
  const pool = await composition.openPool();
  try {
    if (options.prune === true) return await prune(site, options, { ...composition, pool });
    const request = {
      site,
      point: options.to,
      ...(options.keys !== undefined && { keys: options.keys }),
      rehash: options.rehash ?? false,
      packs: options.packs ?? true,
    };
    const published = await publish(request, {
      ...composition,
      pool,
      passphrase: keyPassphrase(options, composition),
    });
    composition.endProgress();
    composition.print(
      options.json === true
        ? JSON.stringify({ format: 'prestage-publish/1', ...published }, undefined, 2)
        : publishedLines(published).join('\n'),
    );
    return 0;
  } finally {
    await pool.close();
  }
}

/** An option that would have no effect is a misunderstanding, and of `--yes` a dangerous one. */
function refuseOptionsOfOther(options: PublishOptions): void {
  const { prune: isPrune, rehash, packs, media, mediaFolder, yes } = options;
  const idle = isPrune
    ? { '--rehash': rehash, '--no-packs': packs === false ? true : undefined }
    : { '--media': media, '--media-folder': mediaFolder, '--yes': yes };
  const [found] = Object.entries(idle).find(([, value]) => value !== undefined) ?? [];
  if (found !== undefined)
    throw new Fault('USAGE-01', found, {
      expected: isPrune ? 'not together with --prune' : 'only together with --prune',
    });
}

function publishedLines(published: Published): string[] {
  const rows = published.items.map(item => [
    item.id,
    item.version,
    item.type,
    item.outcome,
    String(item.files),
    sizeText(item.bytes),
    item.name,
  ]);
  return [
    ...tableLines(
      [
        { title: 'ID' },
        { title: 'Version' },
        { title: 'Type' },
        { title: 'Outcome' },
        { title: 'Files', right: true },
        { title: 'Size', right: true },
        { title: 'Name' },
      ],
      rows,
    ),
    '',
    `Policy ${published.serial} of site ${published.site} is current at ${published.point}.`,
    `Valid until ${published.expires}, signed by key ${published.keyId}.`,
    ...(published.machines === 0
      ? []
      : [
          published.machines === 1
            ? 'One machine has a record of its own.'
            : `${published.machines} machines have records of their own.`,
        ]),
  ];
}
