// Judges every deployment of policy for one machine: offered, or the first reason why not. Pure.
import type { MachineFacts } from '../facts/machine-facts.ts';
import { judgeCollection } from './collections.ts';
import type { MachineRecord } from './machine-record.ts';
import type { Deployment, Policy } from './policy.ts';

export interface OfferOptions {
  /** ID of the deployment to run (SMSTSPreferredAdvertID); the only way to a hidden one, and it overrides all others. */
  readonly preferred?: string;
  /** Undefined for an unknown computer: policy has no record of it. */
  readonly record?: MachineRecord;
  /** Whether this media serves unknown computers. */
  readonly unknownComputers: boolean;
  /** By a clock that signed documents and the server bound. */
  readonly now: Date;
}

export interface Judgement {
  readonly deployment: Deployment;
  readonly offered: boolean;
  /** Why it is offered, or the first reason why it is not: part of a sentence. */
  readonly why: string;
}

export interface Offer {
  /** Every deployment, in policy's order. */
  readonly judgements: readonly Judgement[];
  readonly offered: readonly Deployment[];
  readonly refused: readonly Judgement[];
}

/** Says of every deployment whether it is offered; chooses none. */
export function offer(policy: Policy, facts: MachineFacts, options: OfferOptions): Offer {
  const judgements = policy.deployments.map(deployment => judge(deployment, policy, facts, options));
  return {
    judgements,
    offered: judgements.filter(({ offered }) => offered).map(({ deployment }) => deployment),
    refused: judgements.filter(({ offered }) => !offered),
  };
}

/** The order of judging is that of docs/policy.md: what no wish can change comes first. */
function judge(
  deployment: Deployment,
  policy: Policy,
  facts: MachineFacts,
  { preferred, record, unknownComputers, now }: OfferOptions,
): Judgement {
  const refused = (why: string): Judgement => ({ deployment, offered: false, why });
  if (deployment.makeAvailableTo === 'clients') return refused('made available to clients only');
  if (record === undefined && !unknownComputers)
    return refused('unknown computers are not served by this media, and policy has no record of this one');
  const membership = judgeCollection(deployment.collection, policy, facts, record);
  if (!membership.holds) return refused(membership.why);
  const untimely = outsideSchedule(deployment, now);
  if (untimely !== undefined) return refused(untimely);
  if (!policy.taskSequences.some(({ id }) => id === deployment.taskSequence))
    return refused(`policy has no task sequence ${deployment.taskSequence}`);
  if (preferred !== undefined && deployment.id !== preferred) return refused(`${preferred} is preferred`);
  if (deployment.makeAvailableTo === 'media-pxe-hidden' && preferred !== deployment.id)
    return refused('hidden, and not named as preferred');
  return { deployment, offered: true, why: membership.why };
}

/** Both ends belong to the schedule. */
function outsideSchedule({ schedule }: Deployment, now: Date): string | undefined {
  const { from, until } = schedule ?? {};
  const time = `it is ${now.toISOString().slice(0, 19)}Z`;
  if (from !== undefined && now.getTime() < Date.parse(from)) return `not before ${from}; ${time}`;
  if (until !== undefined && now.getTime() > Date.parse(until)) return `not after ${until}; ${time}`;
  return undefined;
}
