// STOP: a person or the system asked the run to end. BUG: Prestage itself is at fault.
import type { CatalogueEntry } from '../entry.ts';

export const STOP = {
  'STOP-01': {
    title: 'Stopped on request',
    meaning: 'The run was asked to stop and did so at a sound place.',
    safe: 'What was finished or verified is kept; what was half done is taken back, or taken up by the next run.',
    next: 'Run the same command again; it goes on from what is finished.',
  },
  'STOP-02': {
    title: 'Step took too long',
    meaning: 'The step did not end within the time that its task sequence allows, and was stopped.',
    safe: 'Everything verified so far is kept.',
    next: 'Look into the log for what held it up; allow more minutes, or run the same command again.',
  },
  'STOP-03': {
    title: 'Time for transfers is over',
    meaning:
      'Content is still missing, and the run is older than agent.yaml allows for transfers (deadlineMinutes).',
    safe: 'What was fetched and proven so far is kept.',
    next: 'Run the same command again, when the network is free: it goes on from what is there.',
  },
} as const satisfies Readonly<Record<string, CatalogueEntry>>;

export const BUG = {
  'BUG-01': {
    title: 'Unexpected failure in Prestage',
    meaning: 'Prestage met a condition it was not written for. It is not the technician’s fault.',
    safe: 'The journal holds every finished step; nothing unverified was used.',
    next: 'Send the log shown to the people who maintain Prestage.',
  },
} as const satisfies Readonly<Record<string, CatalogueEntry>>;
