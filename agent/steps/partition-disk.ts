// (to be built)
import type { Step } from './step.ts';

export const partitionDisk: Step<'partition-disk'> = {
  name: 'partition-disk',
  afterCut: 'start-over',
  done: async () => false,
  run: async () => ({}),
};
