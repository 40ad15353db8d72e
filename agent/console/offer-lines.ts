// Says of every deployment in policy whether it is offered to this machine, and why.
import type { Choice } from '../policy/choose.ts';
import type { Judgement } from '../policy/offer.ts';

/** One deployment as data, for `--json`. */
export interface OfferRow {
  readonly id: string;
  readonly taskSequence: string;
  readonly purpose: 'required' | 'available';
  readonly offered: boolean;
  readonly why: string;
}

/** @returns every deployment, in policy's order. */
export function offerRows(judgements: readonly Judgement[]): readonly OfferRow[] {
  return judgements.map(({ deployment: { id, taskSequence, purpose }, offered, why }) => ({
    id,
    taskSequence,
    purpose,
    offered,
    why,
  }));
}

/** @returns one line for every deployment, in policy's order. */
export function offerLines({ deployment, judgements, others, why }: Choice): readonly string[] {
  return judgements.map(each => {
    const { id, taskSequence } = each.deployment;
    const title = `${id} (${taskSequence})`;
    if (each.deployment === deployment) return `${title} runs: ${why}; ${each.why}`;
    if (!each.offered) return `${title} is not offered: ${each.why}`;
    const outranked = others.find(other => other.deployment === each.deployment)?.why;
    return `${title} is offered, but ${outranked}; ${each.why}`;
  });
}
