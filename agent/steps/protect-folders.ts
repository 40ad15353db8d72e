// (to be built)
import type { Step } from './step.ts';

export const protectFolders: Step<'protect-folders'> = {
  name: 'protect-folders',
  afterCut: 'start-over',
  done: async () => false,
  run: async () => ({}),
};
