// What an observer can see of a run: one stream of plain-data events, flowing one way, from the work to the console and the logs.
import type { RunReading } from './run-progress.ts';

/** The parts of a run that a person follows, in the order in which they usually begin. */
export type Stage =
  | 'find-media'
  | 'validate-image'
  | 'survey'
  | 'policy'
  | 'plan'
  | 'transfer'
  | 'apply-image'
  | 'drivers'
  | 'boot-files'
  | 'hand-over'
  | 'install'
  | 'command'
  | 'user-state'
  | 'clean-up'
  | 'site'
  | 'publish'
  | 'media'
  | 'lay-media'
  | 'verify';

/** One thing that happened. `component` is the CMTrace component: the stage or the command. */
export type ProgressEvent =
  | {
      readonly kind: 'started';
      readonly stage: Stage;
      readonly subject?: string;
      readonly totalBytes?: number;
    }
  | {
      readonly kind: 'advanced';
      readonly stage: Stage;
      readonly subject?: string;
      readonly doneBytes: number;
      readonly totalBytes: number;
      readonly source?: string;
      /** Of a transfer: where all of the run's transfers are. */
      readonly run?: RunReading;
    }
  | { readonly kind: 'finished'; readonly stage: Stage; readonly subject?: string; readonly seconds: number }
  | {
      readonly kind: 'note';
      readonly level: 'info' | 'warning' | 'error';
      readonly component: string;
      readonly text: string;
      readonly detail?: Readonly<Record<string, unknown>>;
    };

/** Receives events. Must not throw and must be quick: the work waits for it. */
export type Observe = (event: ProgressEvent) => void;

/** Reports that `doneBytes` of the work's `totalBytes` are done; never called with less than before. */
export type Advance = (doneBytes: number, totalBytes: number) => void;

/** An observer for callers that do not look. */
export const unobserved: Observe = () => {};
