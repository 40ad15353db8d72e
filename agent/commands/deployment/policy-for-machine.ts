// The policy that this machine follows, where it comes from, and the time by which its schedules are judged: asked of the media's management
// points, then of nearer ones, with the clock put right on the way.
import type { MachineFacts } from '../../facts/machine-facts.ts';
import { asFault } from '../../fault/fault.ts';
import { betterClock } from '../../trust/validity.ts';
import { acceptedSerial } from './accepted-policy.ts';
import { policyFromNearer, preferNearerPoints } from './nearer-points.ts';
import { type ObtainedPolicy, obtainPolicy } from './obtain-policy.ts';
import type { RunContext } from './run-context.ts';

export interface MachinePolicy {
  readonly facts: MachineFacts;
  readonly policy: ObtainedPolicy;
  /** By a clock that signed documents and the server bound. */
  readonly now: Date;
}

/**
 * Documents are judged by the machine's own clock, as it was found, and their own creation times; only afterwards may a server put the clock right.
 * Faults: those of `obtainPolicy`. A clock that cannot be set is a warning.
 */
export async function policyForMachine(context: RunContext): Promise<MachinePolicy> {
  const { composition, manifest: media, layout, observe } = context;
  const clock = composition.clock.now();
  // Before the first connection: no certificate is valid on a machine that believes in 2001.
  const made = new Date(media.created);
  if (clock < made) await setClock(context, clock, made, 'when the media was made');
  const options = {
    media,
    layout,
    acceptedSerial: await acceptedSerial(context),
    clock,
    observe,
    signal: composition.signal,
  };
  const first = await obtainPolicy({ ...options, managementPoints: context.managementPoints });
  // Not earlier: the machine may have got its address only now.
  const facts = await context.machine.facts();
  const policy = await policyFromNearer(context, first, facts, options);
  preferNearerPoints(context, policy.policy, facts);
  return { facts, policy, now: await settleClock(context, clock, policy) };
}

async function settleClock(context: RunContext, clock: Date, policy: ObtainedPolicy): Promise<Date> {
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
  { machine, observe }: RunContext,
  clock: Date,
  time: Date,
  why: string,
): Promise<void> {
  const note = (level: 'info' | 'warning', text: string): void =>
    observe({ kind: 'note', level, component: 'clock', text });
  const said = `The clock of this machine said ${clock.toISOString()}`;
  try {
    await machine.setClock(time);
    note('warning', `${said}; it was set to ${time.toISOString()}, ${why}.`);
  } catch (thrown) {
    const fault = asFault(thrown);
    if (fault.code !== 'MACHINE-04') throw thrown;
    note('warning', `${said}, and could not be set to ${time.toISOString()}, ${why}: ${fault.message}`);
  }
}
