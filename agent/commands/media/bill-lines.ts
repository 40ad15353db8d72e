// The bill of a media as a person reads it; its second half is also what `media inspect` tells of any media.
import type { BootFacts } from '../../author/boot-facts.ts';
import type { CreatedMedia } from '../../author/create-media.ts';
import type { BilledItem, MediaBill } from '../../author/media-bill.ts';
import { daysBetween } from '../../author/media-dates.ts';
import type { MediaSummary } from '../../author/media-summary.ts';
import { sizeText } from '../../console/size-text.ts';
import { tableLines } from '../../console/table.ts';
import type { BootSignature } from '../../media/boot-signature.ts';

/** Every item, then what the whole is, then what to mind. */
export function billLines(created: CreatedMedia): string[] {
  const { wim, bytes, sha256, keyId, manifest, machineRecords, bill } = created;
  return [
    ...itemLines(bill.items, manifest.created),
    '',
    `${bill.totals.items} items: ${sizeText(bill.totals.volumeBytes)} on the volume, ${sizeText(bill.totals.espBytes)} on the EFI system partition.`,
    `Media ${manifest.mediaId} "${manifest.name}", version ${manifest.version}, made by ${manifest.createdBy}, signed by key ${keyId}.`,
    `Policy ${bill.policy.serial}, expires ${bill.policy.expires}.`,
    ...summaryLines(bill),
    ...(machineRecords.decision === 'too-large'
      ? [
          `The records of machines (${sizeText(machineRecords.bytes)}) are too large to be carried: offline, this media refuses to deploy.`,
        ]
      : []),
    ...agentLines(bill.agent),
    ...(bill.boot === undefined ? [] : bootLines(bill.boot)),
    ...warningLines(bill.warnings),
    '',
    `${wim}: ${sizeText(bytes)}, SHA-256 ${sha256}`,
    'Send the .json and .sig files beside it along: without them nobody can prove that it arrived whole.',
  ];
}

function itemLines(items: readonly BilledItem[], now: string): string[] {
  const rows = items.map(item => [
    item.id,
    item.version,
    item.type,
    item.lies,
    sizeText(item.bytes),
    item.published === undefined ? '' : ageText(daysBetween(item.published, now)),
    item.supersededBy ?? '',
    nameOf(item),
  ]);
  return tableLines(
    [
      { title: 'ID' },
      { title: 'Version' },
      { title: 'Type' },
      { title: 'Lies in' },
      { title: 'Size', right: true },
      { title: 'Published', right: true },
      { title: 'Superseded by' },
      { title: 'Name' },
    ],
    rows,
  );
}

function nameOf({ name, image, addedFor }: BilledItem): string {
  const facts = image && [
    `image ${image.index} ${image.name}`,
    ...[image.architecture, image.build, image.created && `captured ${image.created.slice(0, 10)}`],
  ];
  const notes = [...(facts ?? []), addedFor && `needed by ${addedFor}`].filter(note => note !== undefined);
  return notes.length === 0 ? name : `${name} (${notes.join(', ')})`;
}

function ageText(days: number): string {
  if (days < 1) return 'today';
  return days === 1 ? '1 day ago' : `${days} days ago`;
}

/** What the media manifest alone says. */
export function summaryLines({ validity, secrets, receipt, recordShards }: MediaSummary): string[] {
  const { from, until, daysLeft } = validity;
  const left = daysLeft < 0 ? 'expired' : daysLeft === 1 ? '1 day left' : `${daysLeft} days left`;
  return [
    `Valid from ${from} until ${until}: ${left}.`,
    SECRETS[secrets],
    recordShards === 0 ? 'Carries no machine records.' : 'Carries the records of machines, encrypted.',
    receipt === 'required'
      ? 'Deploys only with a receipt of the depot.'
      : 'Deploys without a receipt of the depot, too.',
  ];
}

const SECRETS = {
  none: 'Carries no secrets.',
  sealed: 'Its secrets are sealed with the password.',
  clear: 'Carries secrets in the clear (the key of machine records): who holds the disk can read them.',
} as const;

function agentLines(agent: MediaBill['agent']): string[] {
  if (agent === undefined) return [];
  const facts = [agent.version && `version ${agent.version}`, agent.machine, sizeText(agent.bytes)];
  return [`Agent: ${facts.filter(fact => fact !== undefined).join(', ')}.`];
}

/** Who signed the boot managers, and what boot.wim is. */
export function bootLines({ managers, bootWim, hasNewerManager }: BootFacts): string[] {
  const wim = bootWim && [bootWim.architecture, bootWim.build, bootWim.created?.slice(0, 10)];
  return [
    ...managers.map(({ path, signatures }) =>
      signatures.kind === 'signed'
        ? `${path}: signed through ${signatures.signatures.map(signatureText).join(' and ')}`
        : `${path}: ${signatures.kind}`,
    ),
    ...(wim === undefined
      ? []
      : [
          `sources/boot.wim: image ${[bootWim?.index, ...wim].filter(fact => fact !== undefined).join(', ')}${hasNewerManager === true ? '; has a boot manager of 2023' : ''}`,
        ]),
  ];
}

function signatureText({ issuer, issuerExpires }: BootSignature): string {
  return issuerExpires === undefined ? issuer : `${issuer} (expires ${issuerExpires.slice(0, 10)})`;
}

/** What to mind, under a heading of its own; nothing when there is nothing. */
export function warningLines(warnings: readonly string[]): string[] {
  return warnings.length === 0 ? [] : ['', 'Mind:', ...warnings.map(warning => `  ${warning}`)];
}
