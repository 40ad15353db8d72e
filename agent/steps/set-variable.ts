// Sets a variable of the task sequence. The journal is where it lies, so the journal knows that it is done; one that was cut sets it again.
import { actionKey } from '../plan/plan.ts';
import { isReadOnly } from '../policy/built-in-variables.ts';
import type { Step } from './step.ts';

export const setVariable: Step<'set-variable'> = {
  name: 'set-variable',
  afterCut: 'start-over',
  done: async () => 'unknown',
  async run(action, { variables, observe }) {
    const { variable, value } = action;
    if (isReadOnly(variable)) {
      const warning = `${variable} is read-only and was not set.`;
      observe({ kind: 'note', level: 'warning', component: 'command', text: warning });
      return { warning };
    }
    await variables.set(actionKey(action), { [variable]: variables.now().expand(value) });
    return {};
  },
};
