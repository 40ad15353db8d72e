// Which content a task sequence needs on this media, in the order of use: OS image, driver packages, then what is installed with its dependencies.
import type { ContentManifest, ContentReference } from '../../content/manifest.ts';
import { Fault } from '../../fault/fault.ts';
import { type Install, installOrder } from '../../plan/install-order.ts';
import type { Policy, TaskSequence } from '../../policy/policy.ts';

export interface WantedContent {
  /** Every item once, in the order of the content table. */
  readonly references: readonly ContentReference[];
  readonly driverPackages: readonly string[];
  readonly installs: readonly Install[];
}

export interface WantedQuestion {
  readonly policy: Policy;
  readonly sequence: TaskSequence;
  /** What the media laid: `drivers: auto` takes the driver packages that were chosen for it and that policy still knows. */
  readonly laid: readonly ContentReference[];
  readonly manifest: (reference: ContentReference) => Promise<ContentManifest>;
}

/** Faults: CONTENT-01 for what policy does not name, and those of fetching a manifest. */
export async function wantedContent({
  policy,
  sequence,
  laid,
  manifest,
}: WantedQuestion): Promise<WantedContent> {
  const { packages, applications } = sequence;
  const dependencies = new Map<string, readonly string[]>();
  const learn = async (ids: readonly string[]): Promise<void> => {
    for (const id of ids) {
      if (dependencies.has(id)) continue;
      dependencies.set(id, []);
      const needed = (await manifest(referenceTo(policy.content, id))).dependencies ?? [];
      dependencies.set(id, needed);
      await learn(needed);
    }
  };
  await learn([...packages, ...applications]);
  const installs = installOrder({
    packages,
    applications,
    about: id => ({
      kind: referenceTo(policy.content, id).type === 'package' ? 'package' : 'application',
      dependencies: dependencies.get(id) ?? [],
    }),
  });
  const driverPackages = driverPackagesOf(sequence, policy.content, laid);
  const ids = new Set([sequence.osImage.id, ...driverPackages, ...installs.map(({ id }) => id)]);
  return { references: [...ids].map(id => referenceTo(policy.content, id)), driverPackages, installs };
}

function driverPackagesOf(
  sequence: TaskSequence,
  offered: readonly ContentReference[],
  laid: readonly ContentReference[],
): readonly string[] {
  if (sequence.drivers !== 'auto') return sequence.drivers;
  const known = new Set(offered.filter(({ type }) => type === 'driver-package').map(({ id }) => id));
  return laid.filter(({ id }) => known.has(id)).map(({ id }) => id);
}

/** Fault: CONTENT-01. Decoders prove that references resolve within a document; between media, manifests and policy they may not. */
export function referenceTo(references: readonly ContentReference[], id: string): ContentReference {
  const found = references.find(reference => reference.id === id);
  if (found === undefined) throw new Fault('CONTENT-01', id, { found: 'policy does not name this content' });
  return found;
}
