// The media manifest of what was selected and laid out.
import { type MediaManifest, mediaManifestSchema } from '../media/media-manifest.ts';
import type { Policy } from '../policy/policy.ts';
import type { CreateMediaWorld } from './create-media.ts';
import type { MediaAuthority } from './media-authority.ts';
import { mediaWindow } from './media-dates.ts';
import type { SealedSecrets } from './media-secrets.ts';
import type { MediaTree } from './media-tree.ts';
import { utcSeconds } from './publish-policy.ts';
import type { Site, SiteMedia } from './read-site.ts';
import type { MediaSelection } from './select-content.ts';

export interface ManifestParts {
  readonly site: Site;
  readonly media: SiteMedia;
  readonly selection: MediaSelection;
  readonly tree: MediaTree;
  readonly policy: Policy;
  readonly authority: MediaAuthority;
  readonly secrets: SealedSecrets;
  /** What the OS image takes once it is applied. */
  readonly osImageBytes: number | undefined;
}

export function makeManifest(
  { site, media, selection, tree, policy, authority, secrets, osImageBytes }: ManifestParts,
  { clock, newId }: CreateMediaWorld,
): MediaManifest {
  const now = clock.now();
  return mediaManifestSchema.parse({
    format: 'prestage-media/1',
    mediaId: newId(),
    name: media.name,
    site: site.site,
    created: utcSeconds(now),
    ...mediaWindow(media, now),
    createdBy: media.createdBy,
    version: media.version,
    ...(media.comment !== undefined && { comment: media.comment }),
    policyKeys: authority.policyKeys,
    depotKeys: authority.depotKeys,
    receipt: media.receipt,
    revocationFloor: authority.revocations?.serial ?? 0,
    policyFloor: policy.serial,
    managementPoints: media.managementPoints ?? site.managementPoints,
    distributionPoints: media.distributionPoints ?? site.distributionPoints,
    management: media.management,
    unknownComputers: media.unknownComputers,
    ...secrets,
    ...(media.prestart !== undefined && { prestart: media.prestart }),
    unattended: media.unattended,
    allowOffline: media.allowOffline,
    taskSequence: selection.taskSequence.id,
    osImage: selection.osImage,
    ...(osImageBytes !== undefined && { osImageBytes }),
    content: selection.content,
    esp: tree.esp,
    volume: tree.volume,
  });
}
