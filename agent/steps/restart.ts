// Restarts the computer: in WinPE into the media again, which stays the default until the hand-over; in the new Windows into that.
import type { Step } from './step.ts';

export const restart: Step<'restart'> = {
  name: 'restart',
  // A power cut in place of the restart is as good: the journal has the step as finished before the restart is asked for.
  afterCut: 'start-over',
  done: async () => 'unknown',
  run: async () => ({ restart: 'hard' }),
};
