// The bill of a media: what went into it, and what a person should know before disks ship with it.
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { onDistributionPoint } from '../content/layout.ts';
import type { ContentReference } from '../content/manifest.ts';
import { fileVersion } from '../machine/file-version.ts';
import { programMachine } from '../machine/pe-machine.ts';
import type { MediaManifest } from '../media/media-manifest.ts';
import type { Policy } from '../policy/policy.ts';
import type { WimImage } from '../wim/images.ts';
import { type BootFacts, bootWarnings } from './boot-facts.ts';
import type { CheckedLimits } from './media-limits.ts';
import { agentFile, type MediaSummary, summarize } from './media-summary.ts';
import type { MediaTree } from './media-tree.ts';
import { onPoint } from './published-content.ts';
import type { Site } from './read-site.ts';
import type { MediaSelection } from './select-content.ts';

/** One line of the bill. */
export interface BilledItem {
  readonly id: string;
  readonly version: string;
  readonly type: string;
  readonly name: string;
  readonly bytes: number;
  readonly lies: 'cache' | 'esp';
  /** When this version was published: the time of its manifest on the distribution point, which nobody signed. */
  readonly published?: string;
  /** Of the OS image: the image that is deployed. */
  readonly image?: Pick<WimImage, 'index' | 'name' | 'architecture' | 'build' | 'created'>;
  /** The item that depends on this one, which nobody named. */
  readonly addedFor?: string;
  /** The version that the site describes now, when it is another than the published one that was laid. */
  readonly supersededBy?: string;
}

export interface MediaBill extends MediaSummary {
  readonly items: readonly BilledItem[];
  readonly policy: { readonly serial: number; readonly created: string; readonly expires: string };
  /** Undefined where the media has no boot image. */
  readonly boot?: BootFacts;
  readonly agent?: { readonly bytes: number; readonly version?: string; readonly machine?: string };
}

export interface BillParts {
  /** The distribution point folder. */
  readonly point: string;
  readonly site: Site;
  readonly selection: MediaSelection;
  readonly policy: Policy;
  readonly manifest: MediaManifest;
  readonly tree: MediaTree;
  readonly boot: BootFacts | undefined;
  /** What was found before anything was built. */
  readonly limits: CheckedLimits;
}

/** Faults: none of its own: what cannot be told is left out. */
export async function makeBill(parts: BillParts): Promise<MediaBill> {
  const { policy, manifest, boot, limits } = parts;
  // As of its making: some seconds later a day less would be left.
  const summary = summarize(manifest, new Date(manifest.created));
  const agent = await agentOf(parts);
  const { serial, created, expires } = policy;
  return {
    ...summary,
    items: await billedItems(parts),
    policy: { serial, created, expires },
    ...(boot && { boot }),
    ...(agent && { agent }),
    warnings: [
      ...limits.warnings,
      ...(boot === undefined
        ? ['The media document names no boot image: the disk does not start by itself.']
        : bootWarnings(boot)),
      ...(manifest.allowOffline && Date.parse(expires) < Date.parse(manifest.validUntil)
        ? [
            `The policy on the media expires on ${expires}, before the media does: from then on it deploys nothing without a server.`,
          ]
        : []),
      ...summary.warnings,
    ],
  };
}

async function billedItems({ point, site, selection, limits }: BillParts): Promise<readonly BilledItem[]> {
  const now = new Map(site.content.map(({ id, version }) => [id, version]));
  const { content, bootImage, osImage, addedFor } = selection;
  const image = limits.osImage && described(limits.osImage);
  const bill = async (reference: ContentReference, lies: BilledItem['lies']): Promise<BilledItem> => {
    const { id, version, type, name, totalBytes } = reference;
    const current = now.get(id);
    const because = addedFor.get(id);
    const published = await publishedTime(point, reference);
    return {
      id,
      version,
      type,
      name,
      bytes: totalBytes,
      lies,
      ...(published !== undefined && { published }),
      ...(id === osImage.id && image !== undefined && { image }),
      ...(because !== undefined && { addedFor: because }),
      ...(current !== undefined && current !== version && { supersededBy: current }),
    };
  };
  return Promise.all([
    ...(bootImage === undefined ? [] : [bill(bootImage, 'esp')]),
    ...content.map(reference => bill(reference, 'cache')),
  ]);
}

function described({ index, name, architecture, build, created }: WimImage): BilledItem['image'] {
  return { index, name, architecture, build, created };
}

async function publishedTime(point: string, { id, version }: ContentReference): Promise<string | undefined> {
  const found = await stat(onPoint(point, onDistributionPoint.manifest(id, version))).catch(() => undefined); // It was read a moment ago; without it the age is unknown.
  return found && `${found.mtime.toISOString().slice(0, 19)}Z`;
}

async function agentOf({ tree, manifest }: BillParts): Promise<MediaBill['agent']> {
  const entry = agentFile(manifest);
  if (entry === undefined) return undefined;
  const file = path.join(tree.volumeFolder, ...entry.path.split('/'));
  const [version, machine] = await Promise.all([fileVersion(file), programMachine(file)]);
  return { bytes: entry.size, ...(version && { version }), ...(machine && { machine }) };
}
