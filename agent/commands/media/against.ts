// What the newest policy of a distribution point says of a media that was made before.
import path from 'node:path';
import { freshnessOf, type MediaFreshness } from '../../author/media-freshness.ts';
import { sizeText } from '../../console/size-text.ts';
import { tableLines } from '../../console/table.ts';
import { accessTo, PLAIN_ACCESS } from '../../distribution/http/access.ts';
import { defaultTransferSettings } from '../../distribution/transfer-settings.ts';
import type { MediaManifest } from '../../media/media-manifest.ts';
import { fetchPolicy } from '../../policy/fetch-policy.ts';
import { verifyPolicy } from '../../policy/verify-policy.ts';
import { publicKey } from '../../trust/keys.ts';
import type { Composition } from '../composition.ts';
import { readAgentSettingsIfAny, takeHttpSettings } from '../deployment/agent-settings.ts';

/**
 * @param point folder or URL. The media's own keys judge the policy. How the server is come to says agent.yaml: the one named, or the one beside
 * the executable where there is one. Faults: NET-*, TRUST-* of policy, STOP-01, USAGE-02 and USAGE-08 of agent.yaml.
 */
export async function compareAgainst(
  point: string,
  config: string | undefined,
  manifest: MediaManifest,
  composition: Composition,
): Promise<MediaFreshness> {
  const settings = await readAgentSettingsIfAny(config, composition.agent.folder);
  if (settings !== undefined) takeHttpSettings(settings, composition, composition.observe);
  const url = addressOf(point);
  const source = composition.openSource(
    { url, priority: 0, ...accessTo(url, settings?.http ?? PLAIN_ACCESS) },
    settings?.transfer ?? defaultTransferSettings,
  );
  const served = await fetchPolicy(source, composition.signal);
  const { policy } = verifyPolicy(served.bytes, served.signature, {
    keys: manifest.policyKeys.map(publicKey),
    site: manifest.site,
    floor: manifest.policyFloor,
    clock: composition.clock.now(),
    provenTimes: [manifest.created],
  });
  return freshnessOf(manifest, policy);
}

/** A folder may be named from where the command runs; sources want it whole. */
function addressOf(point: string): string {
  return /^([a-z]{2,}:|\\\\)/i.test(point) ? point : path.resolve(point);
}

/** What of the media is not what policy names now, as lines for a person. */
export function freshnessLines({
  serial,
  created,
  items,
  taskSequence,
  supersededBytes,
}: MediaFreshness): string[] {
  const stale = items.filter(({ state }) => state !== 'current');
  const sequence = {
    current: [],
    'other-image': ['Its task sequence deploys another OS image now.'],
    withdrawn: ['Its task sequence is not published any more.'],
  } as const;
  return [
    '',
    `Against policy ${serial} of ${created}:`,
    ...sequence[taskSequence],
    ...(stale.length === 0
      ? ['Every item is the one that policy names.']
      : [
          `${stale.length} of ${items.length} items are not; a computer fetches ${sizeText(supersededBytes)} at the most.`,
          '',
          ...tableLines(
            [{ title: 'ID' }, { title: 'On the media' }, { title: 'Policy' }, { title: 'Name' }],
            stale.map(({ id, version, now, name }) => [id, version, now ?? 'withdrawn', name]),
          ),
        ]),
  ];
}
