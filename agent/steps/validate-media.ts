// Validating the media is part of every run: its manifest, the OS image and the cache were proven before there could be a plan.
import type { Step } from './step.ts';

export const validateMedia: Step<'validate-media'> = {
  name: 'validate-media',
  afterCut: 'start-over',
  done: async () => true,
  run: async () => ({}),
};
