// What a step is: one file per action, asked whether it is done, run, and told nothing of journals, screens, retries or exits.
import type { ActionResult } from '../journal/record.ts';
import type { Action, ActionName } from '../plan/plan.ts';
import type { Advance } from '../progress/event.ts';
import type { StepWorld } from './step-world.ts';

/** The action of a given name. */
export type ActionOf<N extends ActionName> = Extract<Action, { readonly name: N }>;

/**
 * `done` asks the machine, not the journal; `'unknown'` where a machine cannot tell (a package has no detection), and then the journal decides.
 * `afterCut` says what a *started* without *finished* means: `continue` (what is there is kept) or `start-over`.
 */
export interface Step<N extends ActionName> {
  readonly name: N;
  readonly afterCut: 'continue' | 'start-over';
  done(action: ActionOf<N>, world: StepWorld): Promise<boolean | 'unknown'>;
  run(action: ActionOf<N>, world: StepWorld, advance: Advance): Promise<ActionResult>;
}
