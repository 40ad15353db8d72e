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
  /** What nobody named, by ID, and the item that depends on it. */
  readonly addedFor: ReadonlyMap<string, string>;
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
  const installed = [
    ...(media.packages ?? installedBy(taskSequence, 'package')),
    ...(media.applications ?? installedBy(taskSequence, 'application')),
  ];
  const needed = withDependencies(installed, site);
  const ids = [
    osImage.id,
    ...(media.driverPackages ?? driverPackages(taskSequence, policy)),
    ...(media.prestart?.content === undefined ? [] : [media.prestart.content]),
    ...needed.keys(),
  ];
  const content = [...new Set(ids)].map(find).filter(reference => reference !== undefined);
  const bootImage = media.bootImage === undefined ? undefined : find(media.bootImage);
  if (missing.length > 0)
    throw new Fault('USAGE-05', media.name, { expected: 'content that is published', unpublished: missing });
  const named = new Set([...installed, media.prestart?.content]);
  const addedFor = new Map(
    [...needed].flatMap(([id, by]) => (by === undefined || named.has(id) ? [] : [[id, by] as const])),
  );
  return { taskSequence, osImage, content, bootImage, addedFor };
}

/** What the sequence installs or runs on some machine, whatever its conditions: the media does not know on which it will start. */
function installedBy({ steps, packages, applications }: TaskSequence, type: 'package' | 'application') {
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

/** @returns each ID, dependencies before what needs them, with what asked for it first. readSite has refused circles. */
function withDependencies(
  ids: readonly string[],
  { content }: Pick<Site, 'content'>,
): ReadonlyMap<string, string | undefined> {
  const byId = new Map(content.map(item => [item.id, item]));
  const ordered = new Map<string, string | undefined>();
  const add = (id: string, by: string | undefined): void => {
    if (ordered.has(id)) return;
    for (const dependency of byId.get(id)?.dependencies ?? []) add(dependency, id);
    ordered.set(id, by);
  };
  for (const id of ids) add(id, undefined);
  return ordered;
}
