// prestage media verify: the list of every file that applying the media leaves, passed or failed.
import type { Command } from 'commander';
import { judgeAppliedReceipt } from '../../author/applied-receipt.ts';
import type { AppliedTree } from '../../author/applied-tree.ts';
import { locateApplied } from '../../author/read-media.ts';
import { type AppliedProof, verifyApplied } from '../../author/verify-applied.ts';
import { harmlessName } from '../../console/harmless.ts';
import { receiptText } from '../../console/receipt-text.ts';
import { sizeText } from '../../console/size-text.ts';
import { sha256Text } from '../../content/manifest.ts';
import { Fault } from '../../fault/fault.ts';
import type { JudgedReceipt } from '../../media/judge-receipt.ts';
import type { Composition } from '../composition.ts';
import { addKeyOptions, type KeyOptions, pinnedKeys } from './pinned-keys.ts';
import {
  addReceiptOptions,
  type LaidReceipt,
  laidLines,
  openReceiptWork,
  type ReceiptOptions,
} from './receipt.ts';

export interface MediaVerifyOptions extends KeyOptions, ReceiptOptions {
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
      'Reads every file that the signed media manifest names, on the volume and on the EFI system partition, looks for files that do not belong where programs are run from, and changes nothing; with --receipt-key it then leaves a signed receipt, which first boot looks for. A raw disk image is read as it is, without mounting it.',
    )
    .argument('<place>', 'the media volume, a raw disk image, or a folder that poses as the disk')
    .option('--esp <path>', 'the mounted EFI system partition')
    .option('--list', 'also list the files that are as they should be');
  addReceiptOptions(addKeyOptions(command))
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExit code 0: every file is there and right. 30: at least one is not, one does\nnot belong there, or the ESP was not reached; then no receipt is written.\n\nExamples:\n  prestage media verify W:\\ --esp S:\\ --key media.pub\n  prestage media verify disk.img --key media.pub --list\n  prestage media verify W:\\ --esp S:\\ --key media.pub --receipt-key depot.pem --this-machine\n  prestage media verify out/disk --config agent.yaml --json',
    )
    .action(async (place: string, options: MediaVerifyOptions) =>
      exit(await mediaVerify(place, options, await compose())),
    );
}

/** @returns 0. Faults: CONTENT-06 after everything was printed, USAGE-01 the ESP not named, those of author/verify-applied.ts and of receipt.ts. */
export async function mediaVerify(
  place: string,
  options: MediaVerifyOptions,
  composition: Composition,
): Promise<number> {
  const keys = await pinnedKeys(options, composition);
  const work = await openReceiptWork(options, composition);
  const tree = await locateApplied(place, options.esp);
  const pool = await composition.openPool();
  try {
    const proof = await verifyApplied(tree, keys, { ...composition, pool });
    composition.endProgress();
    const found = await judgeAppliedReceipt(tree, proof);
    const inText = options.json !== true;
    if (inText) composition.print(proofLines(proof, tree, options.list ?? false).join('\n'));
    if (work === undefined || !proof.sound) {
      composition.print(inText ? foundLine(found, proof) : jsonText(proofResult(proof, tree, found)));
      requireSound(proof, tree);
      return 0;
    }
    // A receipt vouches for what was proven just now: it is written here, when the proof is sound.
    const laid = await work.lay(proof, tree).catch(thrown => {
      // That the disk is whole is known all the same.
      if (!inText) composition.print(jsonText(proofResult(proof, tree, found)));
      throw thrown;
    });
    composition.print(inText ? laidLines(laid).join('\n') : jsonText(proofResult(proof, tree, laid)));
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

function foundLine(receipt: JudgedReceipt, { manifest }: AppliedProof): string {
  const wanted = receipt.outcome !== 'vouched' && manifest.receipt === 'required';
  return `Receipt: ${receiptText(receipt)}.${wanted ? ' First boot demands one: --receipt-key.' : ''}`;
}

function jsonText(result: object): string {
  return JSON.stringify(result, undefined, 2);
}

function proofResult(
  { manifest, manifestSha256, keyId, esp, files, sound }: AppliedProof,
  { image }: AppliedTree,
  receipt: JudgedReceipt | LaidReceipt,
) {
  const { mediaId, name, site, createdBy, created, validUntil } = manifest;
  return {
    format: 'prestage-media-proof/1',
    media: { mediaId, name, site, createdBy, created, validUntil, keyId, manifestSha256 },
    sound,
    esp,
    files,
    receipt,
    ...(image && { disk: { scheme: image.scheme, warnings: image.warnings } }),
  };
}

/** A digest alone would not say what it is. */
function foundText(found: string | undefined): string {
  if (found === undefined) return '';
  return sha256Text.safeParse(found).success ? `: its SHA-256 is ${found}` : `: ${found}`;
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
        `  ${file.volume}: ${harmlessName(file.path)}${file.state === 'present' ? '' : `  ${file.state}${foundText(file.found)}`}`,
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
