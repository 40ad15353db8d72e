// Says of several items, in the order in which they are made whole, how many of their bytes lie on the machine already, wherever that is, and
// how many must be fetched.

import type { CheckedFile } from './check-files.ts';
import type { ItemSurvey } from './item-survey.ts';
import { heldIn, type LocalBytes, localBytes } from './local-bytes.ts';
import type { ItemLook } from './survey-content.ts';

/**
 * @param looks in the order in which the items are made whole: what one brings is there for the next, and what it replaces is not.
 * @param elsewhere what else lies on the machine and stays there for now.
 */
export function countBytes(
  looks: readonly ItemLook[],
  elsewhere: readonly CheckedFile[] = [],
): readonly ItemSurvey[] {
  const held = localBytes();
  held.add(heldIn(elsewhere));
  const own = looks.map(({ wanted, others }) => [...heldIn(wanted), ...heldIn(others)]);
  for (const lists of own) held.add(lists);
  return looks.map(({ survey, wanted, reusesNothing = false }, at) => {
    const asked = survey.outcome !== 'present' && !reusesNothing;
    const reusableBytes = asked ? reusableBytesOf(survey.outcome, wanted, held) : 0;
    if (survey.outcome !== 'present') {
      held.remove(own[at] ?? []);
      held.add(heldIn(wanted.map(madeWhole)));
    }
    return {
      ...survey,
      reusableBytes,
      fetchBytes: survey.totalBytes - survey.presentBytes - reusableBytes,
    };
  });
}

function reusableBytesOf(
  outcome: ItemSurvey['outcome'],
  wanted: readonly CheckedFile[],
  held: LocalBytes,
): number {
  const only = outcome === 'damaged' ? 'bad-ranges' : 'all';
  /** Of several files with the same bytes one is fetched, and so it is with chunks. */
  const fetched = new Set<string>();
  const brought = new Set<string>();
  return wanted.reduce((sum, file) => {
    const absent = only === 'all' || file.state === 'missing';
    if (absent && fetched.has(file.sha256)) return sum + file.sizeBytes;
    if (absent) fetched.add(file.sha256);
    return sum + held.heldOf(file, only, brought);
  }, 0);
}

function madeWhole(file: CheckedFile): CheckedFile {
  return { ...file, state: 'present', badRanges: [] };
}
