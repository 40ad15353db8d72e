// (to be built)
import type { Step } from './step.ts';

export const sendStatus: Step<'send-status'> = {
  name: 'send-status',
  afterCut: 'start-over',
  done: async () => false,
  run: async () => ({}),
};
