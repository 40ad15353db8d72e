// From when until when a media is valid, and whether this computer's clock can be right about it.
import { Fault } from '../fault/fault.ts';
import { utcSeconds } from './publish-policy.ts';
import type { SiteMedia } from './read-site.ts';

/** How long a media is valid whose document does not say it. */
export const DEFAULT_VALID_DAYS = 365;

const DAY_MS = 24 * 60 * 60 * 1000;

/** Two computers' clocks may differ by this without being wrong. */
const SKEW_MS = 10 * 60 * 1000;

export interface MediaWindow {
  readonly validFrom: string;
  readonly validUntil: string;
}

/** Pure. Days are counted from the first valid moment on. */
export function mediaWindow(
  { validFrom, validUntil, validDays }: Pick<SiteMedia, 'validFrom' | 'validUntil' | 'validDays'>,
  now: Date,
): MediaWindow {
  const from = validFrom === undefined ? now : new Date(validFrom);
  const until =
    validUntil === undefined
      ? new Date(from.getTime() + (validDays ?? DEFAULT_VALID_DAYS) * DAY_MS)
      : new Date(validUntil);
  return { validFrom: utcSeconds(from), validUntil: utcSeconds(until) };
}

/**
 * Media that nobody could use are not made. That the first valid day lies ahead is the author's wish and no fault.
 * Faults: TRUST-03 past its last day, TRUST-04 the clock is behind the policy's making, so behind the time.
 */
export function requireTime(
  name: string,
  { validUntil }: MediaWindow,
  policy: { readonly created: string },
  now: Date,
): void {
  const found = `the clock says ${now.toISOString()}`;
  if (now.getTime() + SKEW_MS < Date.parse(policy.created))
    throw new Fault('TRUST-04', name, {
      expected: `from ${policy.created}, when its policy was published`,
      found,
    });
  if (now.getTime() >= Date.parse(validUntil))
    throw new Fault('TRUST-03', name, { expected: `until ${validUntil}`, found });
}

/** Whole days from one moment to another, rounded down. */
export function daysBetween(from: string | Date, until: string | Date): number {
  return Math.floor((new Date(until).getTime() - new Date(from).getTime()) / DAY_MS);
}
