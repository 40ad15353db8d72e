// prestage publish --prune: what a distribution point has that nobody needs, named, and removed once that is confirmed.

import type { PrunePlan } from '../author/prune-plan.ts';
import { type Pruned, prunePoint } from '../author/prune-point.ts';
import type { AuthorWorld } from '../author/publish.ts';
import { sizeText } from '../console/size-text.ts';
import { tableLines } from '../console/table.ts';
import { Fault } from '../fault/fault.ts';
import type { Composition } from './composition.ts';

export interface PruneOptions {
  readonly to: string;
  readonly keys?: string;
  readonly media?: readonly string[];
  readonly mediaFolder?: readonly string[];
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** @returns 0. Faults: USAGE-12 there is something to remove and --yes is not given; those of author/prune-point.ts. */
export async function prune(
  site: string,
  options: PruneOptions,
  world: AuthorWorld & Pick<Composition, 'print' | 'endProgress'>,
): Promise<number> {
  const confirm = (plan: PrunePlan): boolean => {
    if (options.yes === true) return true;
    if (options.json !== true) world.print(planLines(plan).join('\n'));
    const { versions, leftovers } = plan;
    throw new Fault('USAGE-12', options.to, {
      versions: versions.map(({ id, version }) => `${id} ${version}`),
      leftovers: leftovers.length,
      bytes: bytesOf(plan),
      media:
        (options.media ?? []).length + (options.mediaFolder ?? []).length === 0
          ? 'none listed: what only media on their way still need is named as well (--media, --media-folder)'
          : undefined,
      expected: '--yes',
    });
  };
  const pruned = await prunePoint(
    {
      site,
      point: options.to,
      ...(options.keys !== undefined && { keys: options.keys }),
      media: options.media ?? [],
      mediaFolders: options.mediaFolder ?? [],
    },
    { ...world, confirm },
  );
  world.endProgress();
  world.print(
    options.json === true
      ? JSON.stringify({ format: 'prestage-prune/1', ...pruned }, undefined, 2)
      : [...planLines(pruned), lastLine(pruned)].join('\n'),
  );
  return 0;
}

function planLines(plan: PrunePlan): string[] {
  const rows = plan.versions.map(({ id, version, files, bytes }) => [
    id,
    version,
    String(files),
    sizeText(bytes),
  ]);
  return [
    ...(rows.length === 0
      ? ['Every version on the distribution point is needed.']
      : [
          'Versions that no policy on the point and no listed media needs:',
          ...tableLines(
            [
              { title: 'ID' },
              { title: 'Version' },
              { title: 'Files', right: true },
              { title: 'Size', right: true },
            ],
            rows,
          ),
        ]),
    ...plan.leftovers.map(name => `Left over: ${name}`),
    ...plan.foreign.map(name => `Not Prestage’s, and left alone: ${name}`),
  ];
}

function lastLine(pruned: Pruned): string {
  const { policies, media, kept, removed } = pruned;
  const minded = `${kept === 1 ? '1 version is' : `${kept} versions are`} kept, for ${policies.length} policies and ${media} media`;
  return removed ? `${sizeText(bytesOf(pruned))} removed; ${minded}.` : `Nothing to remove; ${minded}.`;
}

function bytesOf({ versions }: PrunePlan): number {
  return versions.reduce((sum, { bytes }) => sum + bytes, 0);
}
