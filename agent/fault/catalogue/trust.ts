// TRUST: Something is not what a pinned key vouches for. The machine stops before it changes anything.
import type { CatalogueEntry } from '../entry.ts';

export const TRUST = {
  'TRUST-01': {
    title: 'Signature missing',
    meaning: 'A document that must be signed has no signature beside it.',
    safe: 'Nothing was changed on the strength of it; of media, nothing was written outside X:.',
    next: 'Set the device aside and ask for new media; of a capture order, bring the file with .sig along.',
  },
  'TRUST-02': {
    title: 'Signature not valid',
    meaning:
      'The signature does not match the document, or its key is not pinned in agent.yaml (or named with --key).',
    safe: 'Nothing was changed on the strength of it; of media, nothing was written outside X:.',
    next: 'Compare the key shown with the site’s key. Set a device with such media aside and ask for new media.',
  },
  'TRUST-03': {
    title: 'Media expired',
    meaning: 'The media is past its last valid day, or the clock of this machine is ahead.',
    safe: 'Nothing was changed on the disk.',
    next: 'Compare the time shown with a watch. If the clock is wrong, set it in the firmware (or with `date` and `time`) and start again; if it is right, ask for new media.',
  },
  'TRUST-04': {
    title: 'Media not valid yet',
    meaning: 'The media’s first valid day lies ahead, or the clock of this machine is behind.',
    safe: 'Nothing was changed on the disk.',
    next: 'Set the clock of the machine in its firmware, then start again.',
  },
  'TRUST-05': {
    title: 'Policy or order expired',
    meaning:
      'The policy is past its last valid day and a newer one was not to be had, or the capture order is, or the clock of this machine is ahead.',
    safe: 'The media and its cache are untouched.',
    next: 'Compare the time shown with a watch. If the clock is wrong, set it in the firmware (or with `date` and `time`) and start again; if it is right, connect the machine to its management point or publish again; `prestage associate SITE --order ID` makes an order again.',
  },
  'TRUST-06': {
    title: 'Policy older than the floor',
    meaning:
      'The policy’s serial number is lower than one this media already knows: an old policy is being replayed.',
    safe: 'Nothing was changed on the disk.',
    next: 'Check what the management point serves; publish again if it was restored from a backup.',
  },
  'TRUST-07': {
    title: 'Content not vouched for',
    meaning:
      'A manifest, machine records or the plan are not what the signed policy or media names or leads to.',
    safe: 'They were discarded; nothing of them was used.',
    next: 'Publish the site again to this distribution point; if it persists, treat the point as compromised. Of a plan: set the device aside.',
  },
  'TRUST-08': {
    title: 'Document larger than allowed',
    meaning: 'A document is larger than its cap and was refused before it was parsed.',
    safe: 'Nothing of it was used.',
    next: 'Check what the source named serves at this address.',
  },
  'TRUST-09': {
    title: 'Path refused',
    meaning: 'A manifest names a path that could leave its folder or that Windows reads differently.',
    safe: 'Nothing of this manifest was used.',
    next: 'Publish the item again from a clean source; set media with this manifest aside.',
  },
  'TRUST-10': {
    title: 'Signed document not understood',
    meaning: 'A signed document has unknown, missing or wrong fields. It may come from a newer version.',
    safe: 'Nothing was changed.',
    next: 'Use an agent of the version that made the document.',
  },
  'TRUST-11': {
    title: 'Made for another site',
    meaning: 'The document belongs to another site than this media.',
    safe: 'Nothing was changed.',
    next: 'Check the address of the management or distribution point on the media.',
  },
  'TRUST-12': {
    title: 'Chunk index contradicts its manifest',
    meaning: 'A chunk index does not add up to the file that the manifest names.',
    safe: 'Nothing of it was used.',
    next: 'Publish the item again.',
  },
} as const satisfies Readonly<Record<string, CatalogueEntry>>;
