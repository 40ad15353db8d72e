// prestage media verify: the list of every file that applying the media leaves, passed or failed.
import type { Command } from 'commander';
import type { AppliedTree } from '../../author/applied-tree.ts';
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
      'Reads every file that the signed media manifest names, on the volume and on the EFI system partition, looks for files that do not belong where programs are run from, and changes nothing. A raw disk image is read as it is, without mounting it.',
    )
    .argument('<place>', 'the media volume, a raw disk image, or a folder that poses as the disk')
    .option('--esp <path>', 'the mounted EFI system partition')
    .option('--list', 'also list the files that are as they should be');
  addKeyOptions(command)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExit code 0: every file is there and right. 30: at least one is not, one does not belong there, or the ESP was not reached.\n\nExamples:\n  prestage media verify W:\\ --esp S:\\ --key media.pub\n  prestage media verify disk.img --key media.pub --list\n  prestage media verify out/disk --config agent.yaml --json',
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
  const tree = await locateApplied(place, options.esp);
  const pool = await composition.openPool();
  try {
    const proof = await verifyApplied(tree, keys, { ...composition, pool });
    composition.endProgress();
    composition.print(
      options.json === true
        ? JSON.stringify(proofResult(proof, tree), undefined, 2)
        : proofLines(proof, tree, options.list ?? false).join('\n'),
    );
    requireSound(proof, tree);
    // A receipt vouches for what was proven just now: it is written here, when the proof is sound.
    return 0;
  } finally {
    await pool.close();
    await tree.close();
  }
}

/** Fault: CONTENT-06 with the first file that is not as it should be, or the ESP that was not looked at. */
function requireSound({ files, esp }: AppliedProof, { image }: AppliedTree): void {
  const failed = files.filter(file => file.state !== 'present');
  const [first] = failed;
  if (first !== undefined)
    throw new Fault('CONTENT-06', `${first.volume}: ${first.path}`, {
      state: first.state,
      expected: first.expected,
      found: first.found,
      failed: failed.length,
    });
  if (esp === 'not-reached')
    throw new Fault(
      'CONTENT-06',
      'EFI system partition',
      image === undefined
        ? { expected: '--esp with its path', found: 'not named, so not proven' }
        : { expected: 'one in the disk image', found: 'none' },
    );
}

function proofResult(
  { manifest, manifestSha256, keyId, esp, files, sound }: AppliedProof,
  { image }: AppliedTree,
) {
  const { mediaId, name, site, createdBy, created, validUntil } = manifest;
  return {
    format: 'prestage-media-proof/1',
    media: { mediaId, name, site, createdBy, created, validUntil, keyId, manifestSha256 },
    sound,
    esp,
    files,
    ...(image && { disk: { scheme: image.scheme, warnings: image.warnings } }),
  };
}

function proofLines(
  { manifest, keyId, esp, files, sound }: AppliedProof,
  { image }: AppliedTree,
  listAll: boolean,
): string[] {
  const shown = files.filter(file => listAll || file.state !== 'present');
  const passed = files.filter(file => file.state === 'present');
  const foreign = files.filter(file => file.state === 'foreign').length;
  return [
    ...shown.map(
      file =>
        (file.state === 'present' ? 'pass' : 'FAIL') +
        `  ${file.volume}: ${file.path}${file.state === 'present' ? '' : `  ${file.state}${file.found === undefined ? '' : `: ${file.found}`}`}`,
    ),
    `Media ${manifest.mediaId} "${manifest.name}" of site ${manifest.site}, signed by key ${keyId}.`,
    ...(image?.warnings ?? []),
    `${passed.length} of ${files.length - foreign} files are as signed (${sizeText(passed.reduce((sum, file) => sum + file.bytes, 0))}).`,
    ...(foreign === 0
      ? []
      : [`${foreign} more lie where programs are run from, and no manifest names them.`]),
    ...(esp !== 'not-reached'
      ? []
      : image === undefined
        ? ['The EFI system partition was not named (--esp) and is not proven.']
        : ['The disk image has no EFI system partition, so that it is not proven.']),
    sound ? 'The media arrived whole.' : 'The media is not whole.',
  ];
}
