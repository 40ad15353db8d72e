// (to be built)
import type { Step } from './step.ts';

export const runCommand: Step<'run-command'> = {
  name: 'run-command',
  afterCut: 'start-over',
  done: async () => false,
  run: async () => ({}),
};
