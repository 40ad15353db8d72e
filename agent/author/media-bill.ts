// The bill of a media: what went into it, and what a person should know before disks ship with it.

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
  /** The version that the site describes now, when it is another than the published one that was laid. */
  readonly supersededBy?: string;
}

/** Pure. */
export function makeBill({ content, bootImage }: MediaSelection, site: Site): readonly BilledItem[] {
  const now = new Map(site.content.map(({ id, version }) => [id, version]));
  const bill =
    (lies: BilledItem['lies']) =>
    ({ id, version, type, name, totalBytes }: MediaSelection['content'][number]): BilledItem => {
      const current = now.get(id);
      return {
        id,
        version,
        type,
        name,
        bytes: totalBytes,
        lies,
        ...(current !== undefined && current !== version && { supersededBy: current }),
      };
    };
  return [...(bootImage === undefined ? [] : [bootImage].map(bill('esp'))), ...content.map(bill('cache'))];
}
