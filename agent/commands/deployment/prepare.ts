// From proven media to a plan: image validation, policy and survey overlap where they do not depend on each other; nothing is changed yet.

import type { ContentReference } from '../../content/manifest.ts';
import { recoverSwap } from '../../distribution/swap.ts';
import type { MachineFacts } from '../../facts/machine-facts.ts';
import type { BadRangeRecord } from '../../journal/record.ts';
import { osImageFile } from '../../media/os-image-file.ts';
import { makePlan } from '../../plan/make-plan.ts';
import type { Plan, PlannedItem } from '../../plan/plan.ts';
import type { Boundary } from '../../policy/boundary.ts';
import { type Choice, choose } from '../../policy/choose.ts';
import { type Offer, offer } from '../../policy/offer.ts';
import type { Deployment, Policy } from '../../policy/policy.ts';
import { resolveVariables } from '../../policy/variables.ts';
import type { ItemLook } from '../../survey/survey-content.ts';
import { cachedReferences } from './cached-references.ts';
import { raiseClock } from './clock.ts';
import type { DeploymentBasis } from './deployment-basis.ts';
import { requireFileSizes } from './file-limits.ts';
import { imageBytes } from './image-bytes.ts';
import { type ObtainedRecord, obtainMachineRecord } from './machine-record.ts';
import type { ObtainedPolicy } from './obtain-policy.ts';
import { policyForMachine } from './policy-for-machine.ts';
import { preferredDeployment, prestartVariables } from './prestart.ts';
import { fetchRevocations } from './revocations.ts';
import type { RunContext } from './run-context.ts';
import { lookAtCached, surveyWanted } from './survey-cache.ts';
import { variableLayers } from './variable-store.ts';
import { referenceTo, type WantedContent, type WantedDrivers, wantedContent } from './wanted-content.ts';

export interface Prepared {
  readonly facts: MachineFacts;
  readonly policy: ObtainedPolicy;
  readonly boundary: Boundary;
  readonly choice: Choice;
  readonly image: ImageValidation;
  readonly plan: Plan;
  readonly basis: DeploymentBasis;
  readonly record?: ObtainedRecord;
  readonly drivers: WantedDrivers;
}

/** What validating the staged OS image came to. */
export interface ImageValidation {
  readonly id: string;
  readonly file: string;
  readonly chunks: number;
  readonly bad: readonly BadRangeRecord[];
}

/** `False`: of a staged image of another version nothing is used. */
const USE_STAGED_IMAGE = 'OSDUseAlreadyDeployedImage';

export interface PrepareOptions {
  /** ID of the deployment to run (SMSTSPreferredAdvertID). */
  readonly preferred?: string;
  /** Told what is offered and what is not before one is chosen, so that it is known also when nothing is. */
  judged?(offer: Offer): void;
  /** Asked when all that can be known is known: which of those offered; undefined leaves it to policy's order. */
  ask?(policy: Policy, offered: readonly Deployment[]): Promise<string | undefined>;
}

/**
 * @throws TRUST-*, NET-*, CONTENT-07 no deployment, CONTENT-01 a manifest that is nowhere to be had, CONTENT-09..11 a task sequence that cannot be
 * carried out, DISK-07 a file that the media's volume cannot hold, STOP-01.
 */
export async function prepare(
  context: RunContext,
  { preferred, judged, ask }: PrepareOptions = {},
): Promise<Prepared> {
  const { composition, stage, manifest: media } = context;
  const cached = cachedReferences(media.content, context.records);
  const staged = cached.get(media.osImage.id);
  if (staged === undefined) throw new Error('decoding media proves that its OS image is among its content');
  // A swap that was cut is put right before anything is looked at, or its leftovers would lie there for ever.
  if (context.journal !== undefined) {
    for (const id of cached.keys()) await recoverSwap(context.layout, id, composition.durable);
  }
  // The OS image is most of the bytes: its validation starts at once, beside the network and the facts.
  const validating = stage('validate-image', () => lookAtCached(context, staged));
  // A fault in the branch that is awaited first must not leave this one unhandled.
  validating.catch(() => {});
  await raiseClock(context);
  const reached = await fetchRevocations(context);
  const prestart = await prestartVariables(context);
  // The prestart command may have brought the network up.
  if (!reached) await fetchRevocations(context);
  const wish = preferred ?? preferredDeployment(context, prestart);
  const { facts, policy, boundary, now } = await stage('policy', () => policyForMachine(context, prestart));
  if (policy.policy.statusUrl !== undefined) context.sendStatusTo(policy.policy.statusUrl);
  const record = await obtainMachineRecord(context, policy.policy, facts, policy.from);
  // Content may come from the same servers, whose connections are for it from here on.
  await Promise.all(context.managementPoints.map(point => point.letGo?.()));
  const asked = {
    now,
    unknownComputers: media.unknownComputers,
    ...(wish === undefined ? {} : { preferred: wish }),
    ...(record === undefined ? {} : { record: record.record }),
  };
  const offers = offer(policy.policy, facts, asked);
  judged?.(offers);
  const imageLook = await validating;
  const answer = await ask?.(policy.policy, offers.offered);
  const choice = choose(policy.policy, facts, answer === undefined ? asked : { ...asked, preferred: answer });
  const basis = {
    facts,
    policy: policy.policy,
    deployment: choice.deployment,
    sequence: choice.taskSequence,
    prestart,
    ...(record === undefined ? {} : { record: record.record }),
  };
  const wanted = await wantedContent(context, basis);
  await requireFileSizes(context, wanted.references);
  const ignoresStaged =
    resolveVariables(variableLayers(context, basis)).get(USE_STAGED_IMAGE)?.toLowerCase() === 'false';
  const items = await stage('survey', () =>
    surveyWanted(context, wanted.references, {
      cached,
      image: imageLook,
      isWhole: reference => ignoresStaged && reference.type === 'os-image',
    }),
  );
  const plan = await planFrom(context, policy, choice, wanted, items);
  const image = await validationOf(context, staged, imageLook.survey);
  const { drivers } = wanted;
  return {
    facts,
    policy,
    boundary,
    choice,
    image,
    plan,
    basis,
    drivers,
    ...(record === undefined ? {} : { record }),
  };
}

async function planFrom(
  context: RunContext,
  policy: ObtainedPolicy,
  choice: Choice,
  wanted: WantedContent,
  items: readonly PlannedItem[],
): Promise<Plan> {
  const { id, name, osImage } = choice.taskSequence;
  const reference = referenceTo(wanted.references, osImage.id);
  const file = osImageFile(await context.manifests.manifest(reference));
  return makePlan({
    mediaId: context.manifest.mediaId,
    volume: context.volume.id,
    policy: { serial: policy.policy.serial, digest: policy.digest },
    deployment: choice.deployment.id,
    taskSequence: { id, name, osImage, compiled: wanted.compiled },
    items,
    image: { file: file.path, totalBytes: await imageBytes(context, reference, file, osImage.index) },
  });
}

async function validationOf(
  context: RunContext,
  staged: ContentReference,
  survey: ItemLook['survey'],
): Promise<ImageValidation> {
  const image = osImageFile(await context.manifests.manifest(staged));
  return {
    id: survey.id,
    file: image.path,
    chunks: image.chunks?.count ?? 1,
    bad: survey.files.find(file => file.path === image.path)?.badRanges ?? [],
  };
}
