// Dynamic media in another place than it was made for: policy's boundary groups name the management and distribution points that are near.
import type { Source } from '../../distribution/source.ts';
import type { MachineFacts } from '../../facts/machine-facts.ts';
import { asFault, type Fault } from '../../fault/fault.ts';
import { boundaryOf } from '../../policy/boundary.ts';
import type { Policy } from '../../policy/policy.ts';
import { type ObtainedPolicy, type ObtainPolicyOptions, policyFrom } from './obtain-policy.ts';
import type { RunContext } from './run-context.ts';

/** Below the priority of every distribution point that a document can name. */
const NEARER = -1001;

/**
 * The policy of the first nearer management point that serves one which may be followed and is not older than `first`; else `first`. Site-based
 * media ask nobody but the points that they name. A nearer point that fails is a warning. Fault: STOP-01.
 */
export async function policyFromNearer(
  context: RunContext,
  first: ObtainedPolicy,
  facts: MachineFacts,
  options: Omit<ObtainPolicyOptions, 'managementPoints'>,
): Promise<ObtainedPolicy> {
  if (context.manifest.management !== 'dynamic') return first;
  const { groups, managementPoints } = boundaryOf(first.policy, facts);
  if (managementPoints.some(url => sameAddress(url, first.from))) return first;
  const acceptedSerial = Math.max(options.acceptedSerial, first.policy.serial);
  for (const url of managementPoints) {
    try {
      const point = context.openSource({ url, priority: NEARER });
      const policy = await policyFrom(point, { ...options, acceptedSerial });
      context.preferPoints({ managementPoints: [point] });
      note(context, 'info', `This machine is in ${groups.join(', ')}: policy comes from ${point.name}.`);
      return policy;
    } catch (thrown) {
      passOver(context, url, thrown);
    }
  }
  return first;
}

/** Puts the distribution points of the machine's boundary groups before the media's own, for the rest of the run. Nothing for site-based media. */
export function preferNearerPoints(context: RunContext, policy: Policy, facts: MachineFacts): void {
  if (context.manifest.management !== 'dynamic') return;
  const { distributionPoints } = boundaryOf(policy, facts);
  const opened: Source[] = [];
  for (const point of distributionPoints) {
    try {
      opened.push(context.openSource({ ...point, priority: point.priority + NEARER }));
    } catch (thrown) {
      passOver(context, point.url, thrown);
    }
  }
  context.preferPoints({ sources: opened.toSorted((a, b) => a.priority - b.priority) });
}

/**
 * In the new Windows: status goes on to the nearer management point whose policy is followed. The journal only says which of the signed policy's
 * own points that was.
 */
export function preferServingPoint(context: RunContext, policy: Policy, facts: MachineFacts): void {
  const from = context.records.findLast(record => record.type === 'policy-accepted')?.from;
  if (context.manifest.management !== 'dynamic' || from === undefined) return;
  const url = boundaryOf(policy, facts).managementPoints.find(each => sameAddress(each, from));
  if (url !== undefined)
    context.preferPoints({ managementPoints: [context.openSource({ url, priority: NEARER })] });
}

function passOver(context: RunContext, url: string, thrown: unknown): void {
  const fault: Fault = asFault(thrown);
  if (fault.code === 'STOP-01' || fault.code === 'BUG-01') throw fault;
  note(context, 'warning', `${url}: ${fault.message}`);
}

function note({ observe }: RunContext, level: 'info' | 'warning', text: string): void {
  observe({ kind: 'note', level, component: 'policy', text });
}

function sameAddress(one: string, other: string): boolean {
  return one.replace(/\/+$/, '') === other.replace(/\/+$/, '');
}
