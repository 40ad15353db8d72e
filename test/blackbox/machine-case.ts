// A case at a machine: how the world differs, what is typed, and what may then be seen. Played by play-case.ts.
import type { Words } from './judge.ts';
import type { Change } from './world.ts';

export interface MachineCase {
  /** What is wrong, as the beginning of a sentence. */
  readonly title: string;
  readonly world?: Change;
  /** The command and its words beyond `--disk disk --config agent.yaml --json`. `deploy` unless it says otherwise. */
  readonly command?: readonly string[];
  /** The words as they stand, nothing added. */
  readonly words?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly exitCode: number;
  readonly fault: string;
  readonly subject: Words;
  readonly says?: readonly Words[];
  /**
   * What must be as before, byte for byte. `everything`: the disk and all around it. `all-but-records`: the run's own journal and logs below
   * _SMSTaskSequence may differ, as they may once the media is proven. `outside-cache`: what lies on the volume besides _SMSTaskSequence.
   */
  readonly unchanged: 'everything' | 'all-but-records' | 'outside-cache';
}
