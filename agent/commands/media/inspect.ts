// prestage media inspect: who made a media, when, until when it is valid, and what lies on it.
import type { Command } from 'commander';
import { type InspectedMedia, inspectMedia } from '../../author/inspect-media.ts';
import { summarize } from '../../author/media-summary.ts';
import { receiptText } from '../../console/receipt-text.ts';
import { sizeText } from '../../console/size-text.ts';
import { tableLines } from '../../console/table.ts';
import type { MediaManifest } from '../../media/media-manifest.ts';
import type { Composition } from '../composition.ts';
import { compareAgainst, freshnessLines } from './against.ts';
import { summaryLines, warningLines } from './bill-lines.ts';
import { addKeyOptions, type KeyOptions, pinnedKeysOrNone } from './pinned-keys.ts';

export interface MediaInspectOptions extends KeyOptions {
  readonly against?: string;
  readonly json?: boolean;
}

/** Registers the command. */
export function addMediaInspect(
  media: Command,
  compose: () => Promise<Composition>,
  exit: (code: number) => void,
): void {
  const command = media
    .command('inspect')
    .summary('show what a prestaged WIM, an applied volume or a disk image is')
    .description(
      'Shows the signed documents of a media without applying or changing anything. What cannot be believed is named as such.',
    )
    .argument(
      '<place>',
      'a prestaged WIM, a media volume, a raw disk image, or a folder that poses as the disk',
    );
  addKeyOptions(command)
    .option('--against <dp>', 'folder or URL: tell which items its policy has superseded')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExit code 0 only says that the media could be read; see the doubts listed.\n\nExamples:\n  prestage media inspect depot.wim --key media.pub\n  prestage media inspect W:\\ --json\n  prestage media inspect disk.img --key media.pub\n  prestage media inspect depot.wim --key media.pub --against /srv/dp',
    )
    .action(async (place: string, options: MediaInspectOptions) =>
      exit(await mediaInspect(place, options, await compose())),
    );
}

/** @returns 0. Faults: those of author/inspect-media.ts. */
export async function mediaInspect(
  place: string,
  options: MediaInspectOptions,
  composition: Composition,
): Promise<number> {
  const keys = await pinnedKeysOrNone(options, composition);
  const inspected = await inspectMedia(place, keys, composition.clock.now(), () => composition.openImaging());
  composition.learnSecret([inspected.manifest?.machineKey ?? '']);
  const { manifest } = inspected;
  const summary = manifest && summarize(manifest, composition.clock.now());
  const against =
    manifest && options.against !== undefined
      ? await compareAgainst(options.against, options.config, manifest, composition)
      : undefined;
  composition.print(
    options.json === true
      ? JSON.stringify({ format: 'prestage-inspected-media/1', ...inspected, summary, against }, undefined, 2)
      : [
          ...inspectedLines(inspected),
          ...(summary === undefined ? [] : ['', ...summaryLines(summary), ...warningLines(summary.warnings)]),
          ...(against === undefined ? [] : freshnessLines(against)),
        ].join('\n'),
  );
  return 0;
}

function inspectedLines({
  place,
  manifest,
  keyId,
  validity,
  file,
  images,
  disk,
  receipt,
  doubts,
}: InspectedMedia): string[] {
  return [
    place,
    ...(images ?? []).map(
      image =>
        `  image ${image.index}  ${image.name}${image.totalBytes === undefined ? '' : `, ${sizeText(image.totalBytes)}`}`,
    ),
    ...(disk === undefined ? [] : diskLines(disk)),
    ...(file === undefined
      ? []
      : [
          `  signed as ${file.file}, ${sizeText(file.size)}${file.sizeMatches ? '' : ' (this file has another size)'}, SHA-256 ${file.sha256}`,
        ]),
    ...(manifest === undefined ? [] : manifestLines(manifest, keyId ?? '', validity)),
    ...(receipt === undefined ? [] : ['', `Receipt: ${receiptText(receipt)}.`]),
    ...(doubts.length === 0 ? [] : ['', 'Not to be believed:', ...doubts.flatMap(doubtLines)]),
  ];
}

function diskLines({
  scheme,
  sizeBytes,
  partitions,
  warnings,
}: NonNullable<InspectedMedia['disk']>): string[] {
  const uses = { esp: ' (boot files)', data: ' (media)', other: '' } as const;
  return [
    `  ${scheme.toUpperCase()} disk, ${sizeText(sizeBytes)}`,
    ...partitions.map(
      ({ number, name, type, offset, length, use }) =>
        `  partition ${number}  ${sizeText(length)} from byte ${offset}, ${name || type}${uses[use]}`,
    ),
    ...warnings.map(warning => `  ${warning}`),
  ];
}

function doubtLines({ code, title, subject, detail }: InspectedMedia['doubts'][number]): string[] {
  const facts = Object.entries(detail).map(([name, value]) => `    ${name}: ${String(value)}`);
  return [`  ${code} ${title}: ${subject}`, ...facts];
}

function manifestLines(
  manifest: MediaManifest,
  keyId: string,
  validity: InspectedMedia['validity'],
): string[] {
  const rows = manifest.content.map(item => [
    item.id,
    item.version,
    item.type,
    sizeText(item.totalBytes),
    item.name,
  ]);
  return [
    '',
    `Media ${manifest.mediaId} "${manifest.name}", version ${manifest.version}, site ${manifest.site}`,
    `Made by ${manifest.createdBy} on ${manifest.created}, signed by key ${keyId}`,
    `Valid from ${manifest.validFrom} until ${manifest.validUntil}: ${validity.replaceAll('-', ' ')}`,
    ...(manifest.comment === undefined ? [] : [manifest.comment]),
    `Task sequence ${manifest.taskSequence}, OS image ${manifest.osImage.id} index ${manifest.osImage.index}, policy ${manifest.policyFloor} or newer`,
    `Distribution points: ${manifest.distributionPoints.map(({ url, template }) => (template === undefined ? url : `${url} (${template})`)).join(', ') || 'none'}`,
    `Management points: ${manifest.managementPoints.join(', ') || 'none'}`,
    `${manifest.unattended ? 'Unattended' : 'Attended'}; ${manifest.allowOffline ? 'may' : 'may not'} follow the policy on it when no server is reached`,
    `${manifest.esp.length} files for the EFI system partition, ${manifest.volume.length} for the volume besides content`,
    '',
    ...tableLines(
      [
        { title: 'ID' },
        { title: 'Version' },
        { title: 'Type' },
        { title: 'Size', right: true },
        { title: 'Name' },
      ],
      rows,
    ),
  ];
}
