// Chooses the deployment that this machine runs, and says of every other one why it was not taken. Pure.
import type { MachineFacts } from '../facts/machine-facts.ts';
import { Fault } from '../fault/fault.ts';
import { type Judgement, type Offer, type OfferOptions, offer } from './offer.ts';
import type { Deployment, Policy, TaskSequence } from './policy.ts';

export interface Choice {
  readonly deployment: Deployment;
  readonly taskSequence: TaskSequence;
  /** Why this one, in a sentence. */
  readonly why: string;
  /** All that could be run, this one among them, in policy's order. Several that are only available are for a person to choose from. */
  readonly offered: readonly Deployment[];
  /** Every other deployment, in policy's order. */
  readonly others: readonly NotChosen[];
  /** Every deployment, in policy's order. */
  readonly judgements: readonly Judgement[];
}

export interface NotChosen {
  readonly deployment: Deployment;
  readonly why: string;
}

/**
 * Required deployments come before available ones, otherwise the order in policy decides.
 * Fault: CONTENT-07 when nothing is offered; `detail.reasons` names each deployment and why.
 */
export function choose(policy: Policy, facts: MachineFacts, options: OfferOptions): Choice {
  const all = offer(policy, facts, options);
  const { offered, judgements } = all;
  const chosen = offered.find(deployment => deployment.purpose === 'required') ?? offered[0];
  const taskSequence = policy.taskSequences.find(sequence => sequence.id === chosen?.taskSequence);
  if (chosen === undefined || taskSequence === undefined) throw nothingOffered(all, facts, options);
  const others = judgements
    .filter(each => each.deployment !== chosen)
    .map(each => ({
      deployment: each.deployment,
      why: each.offered ? outrankedBy(chosen, each.deployment) : each.why,
    }));
  return {
    deployment: chosen,
    taskSequence,
    why: reasonFor(chosen, options.preferred),
    offered,
    others,
    judgements,
  };
}

function reasonFor(chosen: Deployment, preferred: string | undefined): string {
  if (preferred === chosen.id) return 'named as preferred';
  return chosen.purpose === 'required'
    ? 'first required deployment for this machine'
    : 'first available deployment for this machine';
}

function outrankedBy(chosen: Deployment, other: Deployment): string {
  return chosen.purpose !== other.purpose ? `${chosen.id} is required` : `${chosen.id} comes first in policy`;
}

function nothingOffered({ refused }: Offer, facts: MachineFacts, { preferred }: OfferOptions): Fault {
  const machine =
    [facts.manufacturer, facts.model, facts.serial].filter(text => text !== undefined).join(' ') ||
    'this machine';
  const reasons = refused.map(
    ({ deployment: { id, taskSequence }, why }) => `${id} (${taskSequence}): ${why}`,
  );
  const unknown = preferred !== undefined && !refused.some(({ deployment }) => deployment.id === preferred);
  return new Fault('CONTENT-07', machine, {
    deployments: refused.length,
    reasons: unknown ? [...reasons, `${preferred}: preferred, but not in policy`] : reasons,
  });
}
