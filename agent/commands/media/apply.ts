// prestage media apply: what an OEM or depot runs on a bare, formatted disk.
import type { Command } from 'commander';
import { applyMedia } from '../../author/apply-media.ts';
import type { ApplyTarget } from '../../author/media-target.ts';
import { durationText } from '../../console/size-text.ts';
import { Fault } from '../../fault/fault.ts';
import { type LookAtVolume, openVolumeLook } from '../../machine/mounted-volume.ts';
import type { Composition } from '../composition.ts';
import { type DiskImageOptions, mediaApplyDiskImage, refuseDiskImageOptions } from './apply-disk-image.ts';
import { addKeyOptions, type KeyOptions, keyOptionsText, pinnedKeys } from './pinned-keys.ts';

export interface MediaApplyOptions extends KeyOptions, DiskImageOptions {
  readonly to?: string;
  readonly esp?: string;
  readonly volume?: string;
  readonly diskImage?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Registers the command. */
export function addMediaApply(
  media: Command,
  compose: () => Promise<Composition>,
  exit: (code: number) => void,
): void {
  const command = media
    .command('apply')
    .summary('prove a prestaged WIM and lay it on an empty disk')
    .description(
      'Proves the WIM against its signed sidecar, then applies image 1 to the EFI system partition and image 2 to the volume. Both must be formatted and empty. The same by hand: dism /Apply-Image /ImageFile:FILE.wim /Index:1 /ApplyDir:S:\\, then /Index:2 to the volume.',
    )
    .argument('<file.wim>', 'the prestaged WIM, its .json and .sig files beside it')
    .option('--to <disk>', 'a folder that poses as the disk (rehearsal); made when absent')
    .option('--esp <path>', 'the mounted EFI system partition, together with --volume')
    .option('--volume <path>', 'the mounted volume, together with --esp')
    .option('--disk-image <file>', 'a raw disk image to make (Linux; no root, no mount)')
    .option('--size <size>', 'of the image, such as 64G (default: room for media and Windows)')
    .option('--esp-size <size>', 'of its EFI system partition (default: 1500M or more)')
    .option('--firmware <kind>', 'uefi (default) or bios, for which the image is made')
    .option('--replace', 'replace an existing image when the new one is whole')
    .option('--yes', 'write; without it only what would be written is named');
  addKeyOptions(command)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  prestage media apply depot.wim --esp S:\\ --volume W:\\ --key media.pub --yes\n  prestage media apply out/depot.wim --to out/disk --config agent.yaml --yes\n  prestage media apply depot.wim --disk-image disk.img --size 64G --key media.pub --yes',
    )
    .action(async (wim: string, options: MediaApplyOptions) =>
      exit(await mediaApply(wim, options, await compose())),
    );
}

/** @returns 0. Faults: USAGE-01, and those of author/apply-media.ts. */
export async function mediaApply(
  wim: string,
  options: MediaApplyOptions,
  composition: Composition,
): Promise<number> {
  const { diskImage } = options;
  if (
    diskImage !== undefined &&
    options.to === undefined &&
    options.esp === undefined &&
    options.volume === undefined
  )
    return mediaApplyDiskImage(wim, { ...options, diskImage }, composition);
  const target = targetOf(options);
  refuseDiskImageOptions(options);
  const keys = await pinnedKeys(options, composition);
  const pool = await composition.openPool();
  try {
    const imaging = await composition.openImaging();
    const applied = await applyMedia(
      { wim, target, keys, confirmed: options.yes ?? false },
      { ...composition, pool, imaging, lookAtVolume: lookAtVolume(composition) },
    );
    composition.endProgress();
    if (options.json === true)
      composition.print(JSON.stringify({ format: 'prestage-applied-media/1', ...applied }, undefined, 2));
    else {
      composition.print(
        `Media ${applied.mediaId} lies on ${applied.volume} and ${applied.esp} (${durationText(applied.seconds)}).`,
      );
      composition.print(
        `Prove it with: prestage media verify ${'disk' in target ? target.disk : `${applied.volume} --esp ${applied.esp}`}${keyOptionsText(options)}`,
      );
    }
    return 0;
  } finally {
    await pool.close();
  }
}

function targetOf({ to, esp, volume, diskImage }: MediaApplyOptions): ApplyTarget {
  if (diskImage !== undefined)
    throw new Fault('USAGE-01', '--disk-image', { expected: 'neither --to nor --esp and --volume with it' });
  if (to !== undefined && esp === undefined && volume === undefined) return { disk: to };
  if (to === undefined && esp !== undefined && volume !== undefined) return { esp, volume };
  throw new Fault('USAGE-01', 'media apply', {
    expected: '--to DISK, or both --esp PATH and --volume PATH, or --disk-image FILE',
  });
}

function lookAtVolume({ openMachine, environment }: Composition): LookAtVolume {
  return openVolumeLook({ openMachine: () => openMachine({}), environment });
}
