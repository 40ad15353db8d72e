// Says of each driver package why the machine gets it; and, where that is asked, why it does not get the others.
import type { DriverJudgement } from '../policy/driver-packages.ts';

/** @param why also those that are not taken. @returns nothing where there is nothing to say. */
export function driverLines(
  { judgements, note }: { readonly judgements: readonly DriverJudgement[]; readonly note?: string },
  why: boolean,
): readonly string[] {
  const told = judgements.filter(({ taken }) => taken || why);
  const lines = [
    ...told.map(
      ({ id, name, taken, why: reason }) => `  ${id} (${name}) is ${taken ? '' : 'not '}taken: ${reason}.`,
    ),
    ...(note === undefined ? [] : [`  ${note}`]),
  ];
  return lines.length === 0 ? [] : ['', 'Driver packages:', ...lines];
}
