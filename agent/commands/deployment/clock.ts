// Puts the clock of the machine right: by what signed documents prove, and then, between their bounds, by what the management point says. Told on
// the screen each time; a clock that cannot be set is a warning, since everything is judged by bounded time anyway.
import { asFault } from '../../fault/fault.ts';
import { betterClock } from '../../trust/validity.ts';
import type { ObtainedPolicy } from './obtain-policy.ts';
import type { RunContext } from './run-context.ts';

/** What the clock needs of a run. */
export type ClockContext = Pick<RunContext, 'composition' | 'machine' | 'manifest' | 'observe'>;

/** A clock from before the media was made is set to that time, before the first connection: no certificate is valid on a machine that believes in 2001. */
export async function raiseClock(context: ClockContext): Promise<void> {
  const clock = context.composition.clock.now();
  const made = new Date(context.manifest.created);
  if (clock < made) await setClock(context, clock, made, 'when the media was made');
}

/**
 * @param clock the machine's, by which policy was judged.
 * @returns the time to judge schedules by.
 */
export async function settleClock(context: ClockContext, clock: Date, policy: ObtainedPolicy): Promise<Date> {
  const { created, expires } = policy.policy;
  const { created: mediaCreated, validUntil } = context.manifest;
  const better = betterClock({
    clock,
    server: policy.serverDate,
    from: [created, mediaCreated],
    until: [expires, validUntil],
  });
  if (better !== undefined) {
    await setClock(context, clock, better, `as ${policy.from} says`);
    return better;
  }
  const { now } = policy.time;
  if (clock < now && now > new Date(mediaCreated))
    await setClock(context, clock, now, 'when policy was made');
  return now;
}

async function setClock(
  { machine, observe }: ClockContext,
  clock: Date,
  time: Date,
  why: string,
): Promise<void> {
  const note = (text: string): void => observe({ kind: 'note', level: 'warning', component: 'clock', text });
  const said = `The clock of this machine said ${clock.toISOString()}`;
  try {
    await machine.setClock(time);
    note(`${said}; it was set to ${time.toISOString()}, ${why}.`);
  } catch (thrown) {
    const fault = asFault(thrown);
    if (fault.code !== 'MACHINE-04') throw thrown;
    note(`${said}, and could not be set to ${time.toISOString()}, ${why}: ${fault.message}`);
  }
}
