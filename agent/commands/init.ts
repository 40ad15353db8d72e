// prestage init: a commented site folder that publishes as it is, and the commands that come next.
import path from 'node:path';
import { type Command, Option } from 'commander';
import type { z } from 'zod';
import { type MadeSite, makeSite, refreshSchemas } from '../author/new-site/make-site.ts';
import { EXAMPLE } from '../author/new-site/site-names.ts';
import { serverUrl, shortText, siteCode } from '../document/fields.ts';
import { Fault } from '../fault/fault.ts';
import type { Composition } from './composition.ts';

export interface InitOptions {
  readonly site?: string;
  readonly name?: string;
  readonly url?: string;
  readonly osImage?: string;
  readonly index?: string;
  readonly bootImage?: string;
  /** False with --no-keys. */
  readonly keys?: boolean;
  readonly schemas?: boolean;
  readonly json?: boolean;
}

/** Registers the command. */
export function addInit(
  program: Command,
  compose: () => Promise<Composition>,
  exit: (code: number) => void,
): void {
  program
    .command('init')
    .summary('make a site folder that publishes as it is')
    .description(
      'Makes a commented site in FOLDER: documents, a package, an application, keys, and the schemas with which editors complete and check. With --os-image it has a task sequence, a deployment and media too; without, examples of them. Run again with --os-image or --boot-image, it adds them. Nothing that is there is changed.',
    )
    .argument('<folder>', 'the site folder to make')
    .option('--site <code>', 'site code, three letters or digits (default: CON)')
    .option('--name <name>', 'name of the site (default: Contoso)')
    .option('--url <url>', 'where machines will reach the distribution point')
    .option('--os-image <file.wim>', 'OS image to deploy (linked, else copied)')
    .option('--index <number>', 'which image of the file (default: 1)')
    .option('--boot-image <folder>', 'folder with EFI/ and sources/boot.wim')
    .option('--no-keys', 'make no keys; `prestage keys new` does')
    .addOption(
      new Option('--schemas', 'write only the schemas, into a site that is there').conflicts([
        'site',
        'name',
        'url',
        'osImage',
        'index',
        'bootImage',
      ]),
    )
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  prestage init site\n  prestage init site --site GRZ --name "Contoso Graz" --url https://dp1/prestage\n  prestage init site --os-image D:\\install.wim --index 6 --boot-image C:\\WinPE\\media\n  prestage init site --schemas',
    )
    .action(async (folder: string, options: InitOptions) =>
      exit(await init(folder, options, await compose())),
    );
}

/** @returns 0. Faults: those of author/new-site/make-site.ts. */
export async function init(
  folder: string,
  options: InitOptions,
  composition: Pick<Composition, 'durable' | 'observe' | 'clock' | 'signal' | 'print' | 'endProgress'>,
): Promise<number> {
  const { print, endProgress } = composition;
  if (options.schemas === true) {
    const files = await refreshSchemas(folder, composition);
    print(
      options.json === true
        ? JSON.stringify({ format: 'prestage-init/1', folder: path.resolve(folder), files }, undefined, 2)
        : files.join('\n'),
    );
    return 0;
  }
  const made = await makeSite(
    {
      folder,
      ...(options.site !== undefined && { code: judged('--site', options.site, siteCode) }),
      ...(options.name !== undefined && { name: judged('--name', oneLine(options.name), shortText) }),
      ...(options.url !== undefined && { url: judged('--url', options.url, serverUrl) }),
      makeKeys: options.keys ?? true,
      ...osImageOf(options),
      ...(options.bootImage !== undefined && { bootImage: options.bootImage }),
    },
    composition,
  );
  endProgress();
  const next = nextCommands(folder, made, options);
  print(
    options.json === true
      ? JSON.stringify({ format: 'prestage-init/1', ...made, next }, undefined, 2)
      : madeLines(made, options, next).join('\n'),
  );
  return 0;
}

function osImageOf({ osImage, index }: InitOptions) {
  if (osImage === undefined) {
    if (index !== undefined)
      throw new Fault('USAGE-01', '--index', { expected: '--os-image with it', found: 'none' });
    return {};
  }
  const number = Number(index ?? '1');
  if (!Number.isInteger(number) || number < 1)
    throw new Fault('USAGE-01', '--index', { expected: 'a number from 1', found: index });
  return { osImage: { wim: osImage, index: number } };
}

/** Fault: USAGE-01. */
function judged<S extends z.ZodType>(option: string, value: string, schema: S): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Fault('USAGE-01', option, { expected: parsed.error.issues[0]?.message, found: value });
}

function oneLine(text: string): string {
  return text.replaceAll(/\p{C}+/gu, ' ').trim();
}

/** They work as they are printed, from the folder in which `init` was typed. */
function nextCommands(folder: string, made: MadeSite, { keys }: InitOptions): readonly string[] {
  const site = typed(folder, made);
  const within = (...names: readonly string[]): string => shellWord(path.join(site, ...names));
  const beside = (ending: string): string => shellWord(`${site}-${ending}`);
  const pinned = `--key ${within('keys', 'media.pub')}`;
  return [
    ...(keys === false
      ? [
          `prestage keys new policy --in ${within('keys')}`,
          `prestage keys new media --in ${within('keys')}`,
          `prestage keys new machine --machine --in ${within('keys')}`,
        ]
      : []),
    `prestage publish ${shellWord(site)} --to ${beside('dp')}`,
    ...(made.hasMedia
      ? [
          `prestage media create ${shellWord(site)} depot --from ${beside('dp')} --to ${beside('depot.wim')}`,
          `prestage media apply ${beside('depot.wim')} --to ${beside('disk')} ${pinned} --yes`,
          `prestage media verify ${beside('disk')} ${pinned}`,
        ]
      : []),
  ];
}

/** The folder as it was typed where a name can be built on it. */
function typed(folder: string, made: MadeSite): string {
  const trimmed = folder.replace(/[\\/]+$/, '');
  return trimmed === '' || /(^|[\\/])\.{1,2}$/.test(trimmed) ? made.folder : trimmed;
}

/** As cmd.exe, PowerShell and sh take it; names with dollars or quotes in them are left to the person. */
function shellWord(word: string): string {
  return /^[\w.:\\/~+@=-]+$/.test(word) ? word : `"${word}"`;
}

function madeLines(made: MadeSite, options: InitOptions, next: readonly string[]): readonly string[] {
  const shown = made.files.filter(file => !file.startsWith('schemas/'));
  return [
    `Site ${made.site} in ${made.folder}:`,
    ...(shown.length === 0 ? ['  everything was there already'] : shown.map(file => `  ${file}`)),
    '',
    ...(made.keys.length === 0
      ? []
      : [
          `Keys made in ${path.join(made.folder, 'keys')}: ${made.keys.join(', ')}. Whoever has the .pem and .key files can speak for the site:`,
          'guard them, keep them off distribution points, and back them up. .gitignore keeps them out of git;',
          '`prestage keys protect` puts a passphrase on them.',
          '',
        ]),
    ...(options.url === undefined && made.files.includes('site.yaml')
      ? [
          `site.yaml names ${EXAMPLE.url}, which leads nowhere: put your server there before media go out.`,
          '',
        ]
      : []),
    ...(made.hasMedia ? [] : WITHOUT_IMAGE),
    ...(made.hasMedia && !made.hasBootImage
      ? [
          'The media has no boot image: its disk can be proven, but does not start by itself. --boot-image adds one.',
          '',
        ]
      : []),
    'Next:',
    ...next.map(command => `  ${command}`),
  ];
}

const WITHOUT_IMAGE = [
  'Task sequence, deployment and media are examples (.yaml.example) as long as there is no OS image.',
  'Run this again with --os-image FILE.wim to make them real.',
  '',
];
