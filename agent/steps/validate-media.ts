// (to be built)
import type { Step } from './step.ts';

export const validateMedia: Step<'validate-media'> = {
  name: 'validate-media',
  afterCut: 'start-over',
  done: async () => false,
  run: async () => ({}),
};
