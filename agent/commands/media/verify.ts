// prestage media verify: the list of every file that applying the media leaves, passed or failed.
import type { Command } from 'commander';
import { locateApplied } from '../../author/read-media.ts';
import { type AppliedProof, verifyApplied } from '../../author/verify-applied.ts';
import { sizeText } from '../../console/size-text.ts';
import { Fault } from '../../fault/fault.ts';
import type { Composition } from '../composition.ts';
import { addKeyOptions, type KeyOptions, pinnedKeys } from './pinned-keys.ts';

export interface MediaVerifyOptions extends KeyOptions {
  readonly esp?: string;
  readonly list?: boolean;
  readonly json?: boolean;
}

/** Registers the command. */
export function addMediaVerify(
  media: Command,
  compose: () => Promise<Composition>,
  exit: (code: number) => void,
): void {
  const command = media
    .command('verify')
    .summary('prove every file of prestaged media where it was applied')
    .description(
      'Reads every file that the signed media manifest names, on the volume and on the EFI system partition, and changes nothing.',
    )
    .argument('<place>', 'the media volume, or a folder that poses as the disk')
    .option('--esp <path>', 'the mounted EFI system partition')
    .option('--list', 'also list the files that are as they should be');
  addKeyOptions(command)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExit code 0: every file is there and right. 30: at least one is not, or the ESP was not named.\n\nExamples:\n  prestage media verify W:\\ --esp S:\\ --key media.pub\n  prestage media verify out/disk --config agent.yaml --json',
    )
    .action(async (place: string, options: MediaVerifyOptions) =>
      exit(await mediaVerify(place, options, await compose())),
    );
}

/** @returns 0. Faults: CONTENT-06 after everything was printed, USAGE-01 the ESP not named, and those of author/verify-applied.ts. */
export async function mediaVerify(
  place: string,
  options: MediaVerifyOptions,
  composition: Composition,
): Promise<number> {
  const keys = await pinnedKeys(options, composition);
  const volumes = await locateApplied(place, options.esp);
  const pool = await composition.openPool();
  try {
    const proof = await verifyApplied(volumes, keys, { ...composition, pool });
    composition.endProgress();
    composition.print(
      options.json === true
        ? JSON.stringify(proofResult(proof), undefined, 2)
        : proofLines(proof, options.list ?? false).join('\n'),
    );
    const [first] = proof.files.filter(file => file.state !== 'present');
    if (first !== undefined) {
      const failed = proof.files.filter(file => file.state !== 'present').length;
      throw new Fault('CONTENT-06', `${first.volume}: ${first.path}`, {
        state: first.state,
        expected: first.expected,
        found: first.found,
        failed,
      });
    }
    if (proof.esp === 'not-reached')
      throw new Fault('CONTENT-06', 'EFI system partition', {
        expected: '--esp with its path',
        found: 'not named, so not proven',
      });
    return 0;
  } finally {
    await pool.close();
  }
}

function proofResult({ manifest, keyId, esp, files, sound }: AppliedProof) {
  const { mediaId, name, site, createdBy, created, validUntil } = manifest;
  return {
    format: 'prestage-media-proof/1',
    media: { mediaId, name, site, createdBy, created, validUntil, keyId },
    sound,
    esp,
    files,
  };
}

function proofLines({ manifest, keyId, esp, files, sound }: AppliedProof, listAll: boolean): string[] {
  const shown = files.filter(file => listAll || file.state !== 'present');
  const passed = files.filter(file => file.state === 'present');
  return [
    ...shown.map(
      file =>
        (file.state === 'present' ? 'pass' : 'FAIL') +
        `  ${file.volume}: ${file.path}${file.state === 'present' ? '' : `  ${file.state}${file.found === undefined ? '' : `: ${file.found}`}`}`,
    ),
    `Media ${manifest.mediaId} "${manifest.name}" of site ${manifest.site}, signed by key ${keyId}.`,
    `${passed.length} of ${files.length} files are as signed (${sizeText(passed.reduce((sum, file) => sum + file.bytes, 0))}).`,
    ...(esp === 'not-reached' ? ['The EFI system partition was not named (--esp) and is not proven.'] : []),
    sound ? 'The media arrived whole.' : 'The media is not whole.',
  ];
}
