// (to be built)
import type { Step } from './step.ts';

export const captureUserState: Step<'capture-user-state'> = {
  name: 'capture-user-state',
  afterCut: 'start-over',
  done: async () => false,
  run: async () => ({}),
};
