// TRUST: Something is not what a pinned key vouches for. The machine stops before it changes anything.
import type { CatalogueEntry } from '../entry.ts';

export const TRUST = {
  'TRUST-01': {
    title: 'Signature missing',
    meaning: 'A document that must be signed has no signature beside it.',
    safe: 'Nothing was changed on the strength of it; of media, nothing was written outside X:.',
    next: 'Of a media file or a capture order: bring along the files that belong beside it. Of a disk: set the device aside and ask for new media.',
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
    title: 'Older than the floor',
    meaning:
      'The serial number is lower than one that is known already: an old policy or list of revoked keys is being replayed.',
    safe: 'Nothing was changed on the strength of it.',
    next: 'Check what the management point serves; publish again if it was restored from a backup. Of a list of revoked keys on media: ask for new media.',
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
  'TRUST-13': {
    title: 'Signed by a revoked key',
    meaning:
      'The site’s root key has revoked the key that signed this. Somebody else may have it, so nothing that it signed is believed, whatever its date.',
    safe: 'Nothing was changed on the strength of it.',
    next: 'Of media: set the device aside and ask for media signed by the new key. Of policy: publish with the new key. Of an order or a receipt: have it made again. When signing: name another key in site.yaml. See docs/keys.md.',
  },
  'TRUST-14': {
    title: 'Wrong password',
    meaning:
      'The password does not open what it should. Case counts, and so does the layout of the keyboard.',
    safe: 'Nothing was opened or changed.',
    next: 'Check the layout of the keyboard, then start again; after ten tries in a row ask whoever made the media or the key.',
  },
  'TRUST-15': {
    title: 'Sealed secrets damaged',
    meaning:
      'The password is right, but what it protects does not open: it is damaged, or (in the new Windows) its key is absent.',
    safe: 'Nothing of it was used.',
    next: 'Set the media aside and ask for new media, or the key file for its backup. In the new Windows, start the media again and run `prestage deploy --fresh`.',
  },
  'TRUST-16': {
    title: 'Receipt of the depot missing',
    meaning:
      'This media is only deployed from a disk that a depot has proven and signed a receipt for; there is none, or none that can be believed.',
    safe: 'Nothing was changed on the disk.',
    next: 'Have the depot prove the disk: `prestage media verify VOLUME --receipt-key FILE`. A disk that comes from nobody known is to be set aside.',
  },
  'TRUST-17': {
    title: 'Pack contradicts its content',
    meaning:
      'A pack on the distribution point, or its index, is not what the manifest and the digests of the content say. The same bytes are fetched as plain files.',
    safe: 'Nothing of it was used.',
    next: 'Publish with `prestage publish SITE --to POINT --rehash`, which writes the packs anew, and copy the version to this distribution point again.',
  },
} as const satisfies Readonly<Record<string, CatalogueEntry>>;
