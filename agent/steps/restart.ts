// (to be built)
import type { Step } from './step.ts';

export const restart: Step<'restart'> = {
  name: 'restart',
  afterCut: 'start-over',
  done: async () => false,
  run: async () => ({}),
};
