// Time under suspicion: a new machine's clock is often wrong, but no signed document was made in the future.
import { Fault } from '../fault/fault.ts';

/** What to take for now. `corrected` when the machine's clock was behind what a signed document proves. */
export interface BoundedTime {
  readonly now: Date;
  readonly corrected: boolean;
}

/** @returns the machine's clock, but never earlier than the latest of the creation times that verified documents carry (ISO text). */
export function boundedTime(clock: Date, created: readonly string[]): BoundedTime {
  const floor = Math.max(...created.map(time => Date.parse(time)), Number.NEGATIVE_INFINITY);
  return clock.getTime() < floor
    ? { now: new Date(floor), corrected: true }
    : { now: clock, corrected: false };
}

/** Judges media. `validFrom` and `validUntil` are included. Faults: TRUST-03 expired, TRUST-04 not valid yet. */
export function checkMediaValidity(
  subject: string,
  window: { readonly validFrom: string; readonly validUntil: string },
  { now }: BoundedTime,
): void {
  const found = now.toISOString();
  if (now.getTime() > Date.parse(window.validUntil))
    throw new Fault('TRUST-03', subject, { expected: `until ${window.validUntil}`, found });
  if (now.getTime() < Date.parse(window.validFrom))
    throw new Fault('TRUST-04', subject, { expected: `from ${window.validFrom}`, found });
}

/** Judges policy. Fault: TRUST-05 expired. */
export function checkPolicyExpiry(subject: string, expires: string, { now }: BoundedTime): void {
  if (now.getTime() > Date.parse(expires))
    throw new Fault('TRUST-05', subject, { expected: `until ${expires}`, found: now.toISOString() });
}
