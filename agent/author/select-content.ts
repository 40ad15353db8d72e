// Which content goes onto a media: what its document names, or else all that its task sequence refers to, with what that depends on.

import type { ContentReference } from '../content/manifest.ts';
import { Fault } from '../fault/fault.ts';
import { flattenSteps } from '../plan/flatten-steps.ts';
import type { Policy, TaskSequence } from '../policy/policy.ts';
import type { StepType } from '../policy/sequence-step.ts';
import { stepReferences } from '../policy/step-references.ts';
import type { Site, SiteMedia } from './read-site.ts';

export interface MediaSelection {
  readonly taskSequence: TaskSequence;
  readonly osImage: { readonly id: string; readonly index: number };
  /** Laid into the cache, in the order in which a deployment uses it. */
  readonly content: readonly ContentReference[];
  /** Laid onto the ESP. */
  readonly bootImage: ContentReference | undefined;
}

/** Pure. Fault: USAGE-05 for what the site has but the published policy lacks: publish first. */
export function selectContent(
  media: SiteMedia,
  site: Pick<Site, 'content' | 'name'>,
  policy: Policy,
): MediaSelection {
  const published = new Map(policy.content.map(reference => [reference.id, reference]));
  const missing: string[] = [];
  const find = (id: string): ContentReference | undefined => {
    const reference = published.get(id);
    if (reference === undefined) missing.push(id);
    return reference;
  };
  const taskSequence = policy.taskSequences.find(({ id }) => id === media.taskSequence);
  if (taskSequence === undefined)
    throw new Fault('USAGE-05', media.name, {
      expected: 'content that is published',
      unpublished: [media.taskSequence],
    });
  const osImage = media.osImage ?? taskSequence.osImage;
  const ids = [
    osImage.id,
    ...(media.driverPackages ?? driverPackages(taskSequence, policy)),
    ...(media.prestart?.content === undefined ? [] : [media.prestart.content]),
    ...withDependencies(
      [
        ...(media.packages ?? installed(taskSequence, 'package')),
        ...(media.applications ?? installed(taskSequence, 'application')),
      ],
      site,
    ),
  ];
  const content = [...new Set(ids)].map(find).filter(reference => reference !== undefined);
  const bootImage = media.bootImage === undefined ? undefined : find(media.bootImage);
  if (missing.length > 0)
    throw new Fault('USAGE-05', media.name, { expected: 'content that is published', unpublished: missing });
  return { taskSequence, osImage, content, bootImage };
}

/** What the sequence installs or runs on some machine, whatever its conditions: the media does not know on which it will start. */
function installed({ steps, packages, applications }: TaskSequence, type: 'package' | 'application') {
  const list = type === 'package' ? packages : applications;
  const named = stepReferences(steps).filter(each => each.type === type && !each.isDisabled);
  return [...(hasStep(steps, `install-${type}s`) ? list : []), ...named.map(({ id }) => id)];
}

/** The default sequence has every step. */
function hasStep(steps: TaskSequence['steps'], type: StepType): boolean {
  if (steps === undefined) return true;
  return flattenSteps(steps).some(({ step, off }) => off === undefined && step.step === type);
}

function driverPackages(taskSequence: TaskSequence, policy: Policy): readonly string[] {
  if (!hasStep(taskSequence.steps, 'apply-drivers')) return [];
  if (taskSequence.drivers !== 'auto') return taskSequence.drivers;
  return policy.content.filter(({ type }) => type === 'driver-package').map(({ id }) => id);
}

/** Dependencies before what needs them. readSite has refused circles. */
function withDependencies(ids: readonly string[], { content }: Pick<Site, 'content'>): readonly string[] {
  const byId = new Map(content.map(item => [item.id, item]));
  const ordered = new Set<string>();
  const add = (id: string): void => {
    for (const dependency of byId.get(id)?.dependencies ?? []) add(dependency);
    ordered.add(id);
  };
  for (const id of ids) add(id);
  return [...ordered];
}
