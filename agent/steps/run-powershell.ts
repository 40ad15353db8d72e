// (to be built)
import type { Step } from './step.ts';

export const runPowershell: Step<'run-powershell'> = {
  name: 'run-powershell',
  afterCut: 'start-over',
  done: async () => false,
  run: async () => ({}),
};
