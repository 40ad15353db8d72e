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

/** A clock may be this far from a server's and still be believed. */
const DAY_MS = 24 * 60 * 60 * 1000;

/** `from` and `until`: the latest creation and the earliest expiry of the verified documents, ISO text. */
export interface ClockQuestion {
  /** The machine's clock. */
  readonly clock: Date;
  /** What a server says; nobody vouches for it. */
  readonly server: Date | undefined;
  readonly from: readonly string[];
  readonly until: readonly string[];
}

/**
 * Whether a server's time is to be believed rather than the machine's clock. Only between the bounds that signed documents set, and never to
 * judge a document: those are judged by the machine's own clock before, so that no server can excuse an expired one.
 * @returns the server's time; undefined when the machine's clock stays.
 */
export function betterClock({ clock, server, from, until }: ClockQuestion): Date | undefined {
  if (server === undefined) return undefined;
  const earliest = Math.max(...from.map(time => Date.parse(time)));
  const latest = Math.min(...until.map(time => Date.parse(time)));
  const within = (time: Date): boolean => time.getTime() >= earliest && time.getTime() <= latest;
  if (!within(server)) return undefined;
  return within(clock) && Math.abs(clock.getTime() - server.getTime()) <= DAY_MS ? undefined : server;
}

/** Judges media. `validFrom` and `validUntil` are included. Faults: TRUST-03 expired, TRUST-04 not valid yet. */
export function checkMediaValidity(
  subject: string,
  window: { readonly validFrom: string; readonly validUntil: string },
  time: BoundedTime,
): void {
  const now = time.now.getTime();
  if (now > Date.parse(window.validUntil))
    throw new Fault('TRUST-03', subject, { expected: `until ${window.validUntil}`, found: timeText(time) });
  if (now < Date.parse(window.validFrom))
    throw new Fault('TRUST-04', subject, { expected: `from ${window.validFrom}`, found: timeText(time) });
}

/** Judges policy. Fault: TRUST-05 expired. */
export function checkPolicyExpiry(subject: string, expires: string, time: BoundedTime): void {
  if (time.now.getTime() > Date.parse(expires))
    throw new Fault('TRUST-05', subject, { expected: `until ${expires}`, found: timeText(time) });
}

/** Names the clock: where it is wrong, it is what a person can put right. */
function timeText({ now, corrected }: BoundedTime): string {
  const text = now.toISOString();
  return corrected ? `${text}, when the newest signed document was made` : `the clock says ${text}`;
}
