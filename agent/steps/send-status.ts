// Tells the management point a sentence of the author's, now where there is a link, else with the next events.
import type { Step } from './step.ts';

/** Nobody waits longer for a message that will go out anyway. */
const PATIENCE_MS = 5_000;

export const sendStatus: Step<'send-status'> = {
  name: 'send-status',
  // Cut between the message and the end of the step: it is said twice, which is better than not at all.
  afterCut: 'start-over',
  done: async () => 'unknown',
  async run(action, { status, variables, signal }) {
    await status.say(variables.now().expand(action.message));
    await status.flush({ timeoutMs: PATIENCE_MS, ...(signal === undefined ? {} : { signal }) });
    return {};
  },
};
