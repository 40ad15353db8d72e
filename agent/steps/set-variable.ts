// (to be built)
import type { Step } from './step.ts';

export const setVariable: Step<'set-variable'> = {
  name: 'set-variable',
  afterCut: 'start-over',
  done: async () => false,
  run: async () => ({}),
};
