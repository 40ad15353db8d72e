// Through which of Microsoft's authorities a boot program is signed, as firmware will judge it: 2011, 2023, both, other, none. The agent's own reader tells
// who signed; docs/secure-boot.md tells what follows.
import { bootWarnings, readBootFacts } from '../../agent/author/boot-facts.ts';
import { AUTHORITY_NAMES } from '../../agent/media/boot-signature.ts';
import { filesBelow } from './digest.mjs';

const YEARS = { 'windows-2023': '2023', 'windows-2011': '2011' };

/** @returns {readonly ('2023' | '2011')[]} the authorities that firmware may know, the newer first. @param signatures agent/media/boot-signature.ts */
export function yearsOf(signatures) {
  if (signatures?.kind !== 'signed') return [];
  const signed = signatures.signatures.map(({ authority }) => authority);
  return Object.keys(YEARS)
    .filter(authority => signed.includes(authority))
    .map(authority => YEARS[authority]);
}

/** @returns the same in words: `2023`, `2011`, `2011 and 2023`, `other` (signed by another), `none` */
export function authorityWords(signatures) {
  const years = yearsOf(signatures);
  if (years.length > 0) return years.toReversed().join(' and ');
  return signatures?.kind === 'signed' ? 'other' : 'none';
}

/** The name that firmware has for an authority in its lists. */
export function nameOfYear(year) {
  return [...AUTHORITY_NAMES].find(([, authority]) => YEARS[authority] === year)[0];
}

/**
 * Reads what firmware will judge of finished media. @param listing of the image that starts (wim-images.mjs)
 * @returns {Promise<{ authority: string, manager?: { path: string, signatures: object }, facts: object, notes: readonly string[] }>} `manager` is the
 *   one that firmware starts; `facts` are those of `media create` (agent/author/boot-facts.ts)
 */
export async function readMediaAuthority(media, listing) {
  const hasFile = async ({ path }) => listing.has(`/${path.toLowerCase()}`);
  const facts = await readBootFacts(media, filesBelow(media), { hasFile });
  const started = facts.managers.filter(({ path }) => /^efi\/boot\/[^/]+$/i.test(path));
  const manager = started.find(({ path }) => /x64\.efi$/i.test(path)) ?? started[0];
  // What is missing for starting was told of the source already.
  const notes = bootWarnings({ ...facts, missing: [] });
  return { authority: authorityWords(manager?.signatures), manager, facts, notes };
}
