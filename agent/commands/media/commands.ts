// prestage media commands: what a depot types that uses its own tools.
import type { Command } from 'commander';
import { type DepotCommands, depotCommands } from '../../author/depot-commands.ts';
import { readMediaFile, readMediaManifest } from '../../author/prove-media-file.ts';
import { Fault } from '../../fault/fault.ts';
import type { Composition } from '../composition.ts';
import { addKeyOptions, type KeyOptions, pinnedKeys } from './pinned-keys.ts';

export interface MediaCommandsOptions extends KeyOptions {
  readonly disk?: string;
  readonly firmware?: string;
  readonly espLetter: string;
  readonly volumeLetter: string;
  readonly diskpart?: boolean;
  readonly json?: boolean;
}

/** Registers the command. */
export function addMediaCommands(
  media: Command,
  compose: () => Promise<Composition>,
  exit: (code: number) => void,
): void {
  const command = media
    .command('commands')
    .summary('print the diskpart and DISM commands that lay a prestaged WIM, for depots with their own tools')
    .description(
      'Prints a diskpart script, the DISM commands, and the proof that ends them, with sizes from the signed media manifest. Runs none of them.',
    )
    .argument('<file.wim>', 'the prestaged WIM, its .json and .sig files beside it')
    .option('--disk <number>', 'the disk as diskpart numbers it; everything on it will be lost')
    .option('--firmware <kind>', 'uefi (default) or bios')
    .option('--esp-letter <letter>', 'drive letter of the EFI system partition', 'S')
    .option('--volume-letter <letter>', 'drive letter of the volume', 'W')
    .option('--diskpart', 'print only the script for diskpart /s; needs --disk');
  addKeyOptions(command)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  prestage media commands depot.wim --disk 1 --key media.pub\n  prestage media commands D:\\depot.wim --disk 1 --diskpart --config agent.yaml',
    )
    .action(async (wim: string, options: MediaCommandsOptions) =>
      exit(await mediaCommands(wim, options, await compose())),
    );
}

/** @returns 0. Faults: USAGE-01, USAGE-08, TRUST-*, CONTENT-06, and those of author/depot-commands.ts. */
export async function mediaCommands(
  wim: string,
  options: MediaCommandsOptions,
  composition: Composition,
): Promise<number> {
  const disk = diskNumber(options);
  const firmware = options.firmware ?? 'uefi';
  if (firmware !== 'uefi' && firmware !== 'bios')
    throw new Fault('USAGE-01', '--firmware', { expected: 'uefi or bios', found: firmware });
  const keys = await pinnedKeys(options, composition);
  const file = await readMediaFile(wim, keys);
  const manifest = await readMediaManifest(wim, file, keys);
  const made = depotCommands({
    wim,
    file,
    manifest,
    keys: keys.map(({ text }) => text),
    firmware,
    letters: { esp: options.espLetter, volume: options.volumeLetter },
    ...(disk !== undefined && { disk }),
  });
  composition.endProgress();
  composition.print(textOf(made, options));
  return 0;
}

function diskNumber({ disk, diskpart }: MediaCommandsOptions): number | undefined {
  if (disk === undefined) {
    if (diskpart === true) throw new Fault('USAGE-01', '--diskpart', { expected: '--disk with a number' });
    return undefined;
  }
  if (!/^\d{1,3}$/.test(disk))
    throw new Fault('USAGE-01', '--disk', { expected: 'a number, as diskpart lists disks', found: disk });
  return Number(disk);
}

function textOf(made: DepotCommands, { diskpart, json }: MediaCommandsOptions): string {
  if (json === true) return JSON.stringify({ format: 'prestage-depot-commands/1', ...made }, undefined, 2);
  if (diskpart === true) return made.diskpart.join('\r\n');
  return [
    ...made.warnings.map(each => `Warning: ${each}`),
    'The script for diskpart (alone with --disk NUMBER --diskpart). It destroys what is on the disk: look at `list disk` first.',
    '',
    ...made.diskpart.map(line => `  ${line}`),
    '',
    'Then, as administrator, beside the WIM:',
    ...made.commands.flatMap(({ why, command }) => ['', why, `  ${command}`]),
  ].join('\n');
}
