// CONTENT: Content that the deployment needs is absent or damaged.
import type { CatalogueEntry } from '../entry.ts';

export const CONTENT = {
  'CONTENT-01': {
    title: 'Content not to be had',
    meaning: 'An item is not in the cache, and no distribution point served it whole.',
    safe: 'What was fetched so far is kept and will not be fetched again.',
    next: 'Mend what the sources say (network, account, server), or replace the item shown; then run `prestage deploy`.',
  },
  'CONTENT-02': {
    title: 'Content damaged before use',
    meaning: 'A file of the cache no longer matches its digest at the moment of use.',
    safe: 'It was not run.',
    next: 'Run `prestage deploy` or `prestage continue` again: only the damaged part is fetched.',
  },
  'CONTENT-03': {
    title: 'OS image damaged',
    meaning: 'The staged OS image has bad ranges, and they could not be repaired from a distribution point.',
    safe: 'The image was not applied.',
    next: 'Connect the network and run `prestage deploy`: only the bad ranges are fetched.',
  },
  'CONTENT-04': {
    title: 'No prestaged media found',
    meaning: 'No volume of this machine holds prestaged media.',
    safe: 'Nothing was changed.',
    next: 'Where a place was named, name the volume, disk or image that the media was applied to. If no disk is listed, the boot image lacks its driver (often Intel VMD); if one is listed whose volumes cannot be read, it may be locked by BitLocker; otherwise prestage the disk again.',
  },
  'CONTENT-05': {
    title: 'More than one prestaged media',
    meaning: 'Two or more volumes hold prestaged media, and guessing could wipe the wrong one.',
    safe: 'Nothing was changed.',
    next: 'Remove all but one, or name one with --media.',
  },
  'CONTENT-06': {
    title: 'Prestaged media incomplete',
    meaning: 'The media file, or a file that the signed media manifest names, is absent or damaged.',
    safe: 'Nothing was changed.',
    next: 'If it is the media file, copy it again from where it was made. If it is a disk, `prestage media verify VOLUME` lists every file; repair what a distribution point can repair, or prestage the disk again.',
  },
  'CONTENT-07': {
    title: 'No deployment for this machine',
    meaning: 'Policy offers this machine no task sequence through media.',
    safe: 'Nothing was changed.',
    next: 'Read why each deployment is not offered; correct its collection or where it is made available, and publish.',
  },
  'CONTENT-08': {
    title: 'File changed at the source',
    meaning: 'A local source has other bytes than the manifest names.',
    safe: 'The bytes were discarded.',
    next: 'Publish the item again.',
  },
  'CONTENT-09': {
    title: 'Step of a newer version',
    meaning: 'The task sequence has a step of a type that this version of the agent does not know.',
    safe: 'Nothing was changed.',
    next: 'Deploy with a newer agent, or disable the step shown and publish.',
  },
  'CONTENT-10': {
    title: 'Condition on an unknown variable',
    meaning: 'A condition compares a task-sequence variable that nothing sets.',
    safe: 'The step was not run; when the plan already shows it, nothing was changed.',
    next: 'Correct the name shown, set the variable in media, site, collection or machine, or ask with `exists`; then publish.',
  },
  'CONTENT-11': {
    title: 'Task sequence cannot be carried out in this order',
    meaning: 'A step that every deployment needs is absent or skipped, or a step stands where it cannot run.',
    safe: 'Nothing was changed.',
    next: 'Correct the step shown and publish.',
  },
  'CONTENT-12': {
    title: 'Answer not usable',
    meaning:
      'A variable that Windows Setup is to get an answer from has a value that Windows would refuse, and its set-up would stop half way.',
    safe: 'Nothing is armed: the machine still starts the media.',
    next: 'Correct the variable shown, publish, and run `prestage deploy`. docs/unattend.md lists what each may be.',
  },
} as const satisfies Readonly<Record<string, CatalogueEntry>>;
