// (to be built)
import type { Step } from './step.ts';

export const restoreUserState: Step<'restore-user-state'> = {
  name: 'restore-user-state',
  afterCut: 'start-over',
  done: async () => false,
  run: async () => ({}),
};
