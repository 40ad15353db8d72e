// prestage media apply --disk-image: what a depot on Linux runs to have a disk as a file.
import { applyDiskImage, layoutLines } from '../../author/apply-disk-image.ts';
import { durationText, sizeText } from '../../console/size-text.ts';
import { Fault } from '../../fault/fault.ts';
import type { Composition } from '../composition.ts';
import { type KeyOptions, keyOptionsText, pinnedKeys } from './pinned-keys.ts';
import { sizeOption } from './size-option.ts';

export interface DiskImageOptions {
  readonly size?: string;
  readonly espSize?: string;
  readonly firmware?: string;
  readonly replace?: boolean;
}

export interface ApplyDiskImageOptions extends DiskImageOptions, KeyOptions {
  readonly diskImage: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Faults: USAGE-01 for options that belong to --disk-image and stand without it. */
export function refuseDiskImageOptions(options: DiskImageOptions): void {
  const { size, espSize, firmware, replace } = options;
  const given = Object.entries({
    '--size': size,
    '--esp-size': espSize,
    '--firmware': firmware,
    '--replace': replace,
  });
  for (const [option, value] of given)
    if (value !== undefined) throw new Fault('USAGE-01', option, { expected: 'together with --disk-image' });
}

/** @returns 0. Faults: USAGE-01, and those of author/apply-disk-image.ts. */
export async function mediaApplyDiskImage(
  wim: string,
  options: ApplyDiskImageOptions,
  composition: Composition,
): Promise<number> {
  const { firmware = 'uefi', size, espSize, diskImage } = options;
  if (firmware !== 'uefi' && firmware !== 'bios')
    throw new Fault('USAGE-01', '--firmware', { expected: 'uefi or bios', found: firmware });
  const sizes = {
    ...(size !== undefined && { sizeBytes: sizeOption('--size', size) }),
    ...(espSize !== undefined && { espBytes: sizeOption('--esp-size', espSize) }),
  };
  const keys = await pinnedKeys(options, composition);
  const pool = await composition.openPool();
  try {
    const imaging = await composition.openImaging();
    const applied = await applyDiskImage(
      {
        ...{ wim, diskImage, firmware, keys, ...sizes },
        replace: options.replace ?? false,
        confirmed: options.yes ?? false,
      },
      { ...composition, pool, imaging },
    );
    composition.endProgress();
    for (const text of applied.warnings)
      composition.observe({ kind: 'note', level: 'warning', component: 'media', text });
    if (options.json === true) {
      composition.print(
        JSON.stringify({ format: 'prestage-applied-disk-image/1', ...applied }, undefined, 2),
      );
      return 0;
    }
    const { mediaId, layout, seconds } = applied;
    composition.print(
      `Media ${mediaId} lies in ${applied.diskImage}, a disk of ${sizeText(layout.sizeBytes)} (${durationText(seconds)}).`,
    );
    for (const line of layoutLines(layout)) composition.print(`  ${line}`);
    composition.print(`Prove it with: prestage media verify ${applied.diskImage}${keyOptionsText(options)}`);
    return 0;
  } finally {
    await pool.close();
  }
}
