// The policy that this machine follows, where it comes from, and the time by which its schedules are judged: asked of the media's management
// points, then of nearer ones, with the clock put right on the way.
import type { MachineFacts } from '../../facts/machine-facts.ts';
import type { Boundary } from '../../policy/boundary.ts';
import { acceptedSerial } from './accepted-policy.ts';
import { settleClock } from './clock.ts';
import { locatedFacts, policyFromNearer, preferNearerPoints } from './nearer-points.ts';
import { type ObtainedPolicy, obtainPolicy } from './obtain-policy.ts';
import type { RunContext } from './run-context.ts';

export interface MachinePolicy {
  readonly facts: MachineFacts;
  readonly policy: ObtainedPolicy;
  /** Where policy sees the machine. */
  readonly boundary: Boundary;
  /** By a clock that signed documents and the server bound. */
  readonly now: Date;
}

/**
 * Documents are judged by the machine's own clock, as it was found, and their own creation times; only afterwards may a server put the clock right.
 * @param prestart what the prestart command has told.
 * Faults: those of `obtainPolicy`. A clock that cannot be set is a warning.
 */
export async function policyForMachine(
  context: RunContext,
  prestart: Readonly<Record<string, string>>,
): Promise<MachinePolicy> {
  const { composition, manifest: media, layout, observe } = context;
  const clock = composition.clock.now();
  const options = {
    media,
    layout,
    acceptedSerial: await acceptedSerial(context),
    clock,
    revocations: context.revocations,
    observe,
    signal: composition.signal,
  };
  const first = await obtainPolicy({ ...options, managementPoints: context.managementPoints });
  // Not earlier: the machine may have got its address only now.
  const facts = locatedFacts(context, await context.machine.facts(), prestart);
  const policy = await policyFromNearer(context, first, facts, options);
  const boundary = preferNearerPoints(context, policy.policy, facts);
  return { facts, policy, boundary, now: await settleClock(context, clock, policy) };
}
