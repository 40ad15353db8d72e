// Events as sentences for the screen's lines and the logs.
import type { ProgressEvent, Stage } from '../progress/event.ts';
import { durationText } from './size-text.ts';

/** What each stage does, in the words of the screen. */
export const STAGE_TEXT: Readonly<Record<Stage, string>> = {
  'find-media': 'Finding the prestaged media',
  'validate-image': 'Validating the OS image',
  survey: 'Looking through the task-sequence cache',
  policy: 'Asking the management point for policy',
  plan: 'Planning',
  transfer: 'Fetching content',
  'apply-image': 'Applying the OS image',
  drivers: 'Adding drivers',
  'boot-files': 'Writing boot files',
  'hand-over': 'Handing over',
  install: 'Installing',
  command: 'Running a step',
  'user-state': 'Moving user state',
  'clean-up': 'Cleaning up',
  site: 'Making the site',
  publish: 'Publishing',
  media: 'Making media',
  'lay-media': 'Laying the media',
  verify: 'Verifying',
};

/** @returns the sentence of an event, or undefined for those that only move a bar. */
export function eventText(event: ProgressEvent): string | undefined {
  switch (event.kind) {
    case 'started':
      return `${STAGE_TEXT[event.stage]}${event.subject === undefined ? '' : `: ${event.subject}`}`;
    case 'finished':
      return `${STAGE_TEXT[event.stage]}${event.subject === undefined ? '' : `: ${event.subject}`}: done in ${durationText(event.seconds)}`;
    case 'note':
      return event.text;
    case 'advanced':
      return undefined;
  }
}
