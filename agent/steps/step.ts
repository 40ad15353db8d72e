// What a step is: one file per action, asked whether it is done, run, and told nothing of journals, screens, retries or exits.
import type { ActionResult } from '../journal/record.ts';
import type { Action, ActionName } from '../plan/plan.ts';
import type { Advance } from '../progress/event.ts';
import type { StepWorld } from './step-world.ts';

/** The action of a given name. */
export type ActionOf<N extends ActionName> = Extract<Action, { readonly name: N }>;

/** How far an action's commands have come, for those that have several and may be restarted in the middle. */
export interface Course {
  /** Commands that earlier starts of this action have brought to their end, counted since it last failed. */
  readonly done: number;
  /** Earlier starts in which a command ran that came to no end: the computer went down, or the agent did. */
  readonly cuts: number;
  /** The last command that is done asked for a restart, which has come. */
  readonly restarted: boolean;
  /** Journals that command `command` (from 1) is about to run. Durable when it resolves. */
  started(command: number): Promise<void>;
  /** Journals that it has ended as it should. */
  finished(command: number, exitCode: number): Promise<void>;
}

/**
 * `done` asks the machine, not the journal; `'unknown'` where a machine cannot tell (a package has no detection), and then the journal decides.
 * `afterCut` says what a *started* without *finished* means: `continue` (what is there is kept) or `start-over`.
 */
export interface Step<N extends ActionName> {
  readonly name: N;
  readonly afterCut: 'continue' | 'start-over';
  done(action: ActionOf<N>, world: StepWorld): Promise<boolean | 'unknown'>;
  run(action: ActionOf<N>, world: StepWorld, advance: Advance, course: Course): Promise<ActionResult>;
}
