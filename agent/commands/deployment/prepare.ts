// From proven media to a plan: image validation, policy and survey overlap where they do not depend on each other; nothing is changed yet.

import type { ContentReference } from '../../content/manifest.ts';
import type { MachineFacts } from '../../facts/machine-facts.ts';
import { Fault } from '../../fault/fault.ts';
import { recall } from '../../journal/past.ts';
import type { BadRangeRecord } from '../../journal/record.ts';
import { osImageFile } from '../../media/os-image-file.ts';
import { makePlan } from '../../plan/make-plan.ts';
import type { Plan, PlannedItem } from '../../plan/plan.ts';
import { type Choice, choose } from '../../policy/choose.ts';
import type { TaskSequence } from '../../policy/policy.ts';
import type { ItemSurvey } from '../../survey/survey-content.ts';
import { cachedReferences } from './cached-references.ts';
import { imageBytes } from './image-bytes.ts';
import { type ObtainedPolicy, obtainPolicy } from './obtain-policy.ts';
import type { RunContext } from './run-context.ts';
import { surveyCached, surveyWanted } from './survey-cache.ts';

export interface Prepared {
  readonly facts: MachineFacts;
  readonly policy: ObtainedPolicy;
  readonly choice: Choice;
  readonly image: ImageValidation;
  readonly plan: Plan;
}

/** What validating the staged OS image came to. */
export interface ImageValidation {
  readonly id: string;
  readonly file: string;
  readonly chunks: number;
  readonly bad: readonly BadRangeRecord[];
}

/**
 * @param preferred ID of the deployment to run (SMSTSPreferredAdvertID).
 * @throws TRUST-*, NET-*, CONTENT-07 no deployment, CONTENT-01 a manifest that is nowhere to be had, STOP-01.
 */
export async function prepare(
  context: RunContext,
  { preferred }: { readonly preferred?: string } = {},
): Promise<Prepared> {
  const { composition, stage, manifest: media } = context;
  // The OS image is most of the bytes: its validation starts at once, beside the network and the facts.
  const validating = stage('validate-image', () =>
    surveyCached(context, referenceTo(media.content, media.osImage.id)),
  );
  // A fault in the branch that is awaited first must not leave this one unhandled.
  validating.catch(() => {});
  const [facts, policy] = await Promise.all([
    context.machine.facts(),
    stage('policy', () =>
      obtainPolicy({
        media,
        layout: context.layout,
        managementPoints: context.managementPoints,
        acceptedSerial: recall(context.records).policySerial,
        clock: composition.clock.now(),
        observe: context.observe,
        signal: composition.signal,
      }),
    ),
  ]);
  const choice = choose(policy.policy, facts, preferred === undefined ? {} : { preferred });
  const imageSurvey = await validating;
  const items = await stage('survey', () => surveyAll(context, policy, choice.taskSequence, imageSurvey));
  const plan = await planFrom(context, policy, choice, items);
  return { facts, policy, choice, image: await validationOf(context, imageSurvey), plan };
}

async function surveyAll(
  context: RunContext,
  policy: ObtainedPolicy,
  sequence: TaskSequence,
  image: ItemSurvey,
): Promise<PlannedItem[]> {
  const cached = cachedReferences(context.manifest.content, context.records);
  const items: PlannedItem[] = [];
  for (const id of wantedIds(context, policy, sequence)) {
    const reference = referenceTo(policy.policy.content, id);
    const already = image.id === id && image.digest === reference.digest ? image : undefined;
    items.push(await surveyWanted(context, reference, cached.get(id), already));
  }
  return items;
}

// In the order of use. `auto` takes the driver packages that were chosen for the media and that policy still knows.
function wantedIds({ manifest }: RunContext, { policy }: ObtainedPolicy, sequence: TaskSequence): string[] {
  return [
    ...new Set([
      sequence.osImage.id,
      ...driverPackages(manifest.content, policy.content, sequence),
      ...sequence.packages,
      ...sequence.applications,
    ]),
  ];
}

function driverPackages(
  laid: readonly ContentReference[],
  offered: readonly ContentReference[],
  sequence: TaskSequence,
): readonly string[] {
  if (sequence.drivers !== 'auto') return sequence.drivers;
  const known = new Set(offered.filter(({ type }) => type === 'driver-package').map(({ id }) => id));
  return laid.filter(({ id }) => known.has(id)).map(({ id }) => id);
}

async function planFrom(
  context: RunContext,
  policy: ObtainedPolicy,
  choice: Choice,
  items: readonly PlannedItem[],
): Promise<Plan> {
  const { taskSequence } = choice;
  const reference = referenceTo(policy.policy.content, taskSequence.osImage.id);
  const file = osImageFile(await context.manifests.manifest(reference));
  return makePlan({
    mediaId: context.manifest.mediaId,
    volume: context.volume.id,
    policy: { serial: policy.policy.serial, digest: policy.digest },
    deployment: choice.deployment.id,
    taskSequence: {
      ...taskSequence,
      driverPackages: driverPackages(context.manifest.content, policy.policy.content, taskSequence),
    },
    items,
    image: {
      file: file.path,
      totalBytes: await imageBytes(context, reference, file, taskSequence.osImage.index),
    },
  });
}

function referenceTo(references: readonly ContentReference[], id: string): ContentReference {
  const found = references.find(reference => reference.id === id);
  // Decoders prove that references resolve; between media and policy they may not.
  if (found === undefined)
    throw new Fault('CONTENT-01', id, { found: 'policy no longer names this content' });
  return found;
}

async function validationOf(context: RunContext, survey: ItemSurvey): Promise<ImageValidation> {
  const manifest = await context.manifests.manifest(referenceTo(context.manifest.content, survey.id));
  const image = osImageFile(manifest);
  return {
    id: survey.id,
    file: image.path,
    chunks: image.chunks?.count ?? 1,
    bad: survey.files.find(file => file.path === image.path)?.badRanges ?? [],
  };
}
