// What policy's boundary groups make of the place where a machine is: which points are near. Dynamic media ask nearer management and distribution
// points that policy names; site-based media ask nobody but their own points, the near ones first.
import { boundaryText } from '../../console/boundary-text.ts';
import type { MachineFacts } from '../../facts/machine-facts.ts';
import { type Boundary, boundaryOf, pointKey } from '../../policy/boundary.ts';
import type { Policy } from '../../policy/policy.ts';
import { resolveVariables } from '../../policy/variables.ts';
import { type ObtainedPolicy, type ObtainPolicyOptions, policyFrom } from './obtain-policy.ts';
import { openOrPass, passOver } from './open-or-pass.ts';
import type { RunContext } from './run-context.ts';

/** Names the Active Directory site in Windows PE, which has no service that could find it out: on the media, or told by its prestart command. */
export const AD_SITE_VARIABLE = 'PrestageADSite';

/** Management points have no levels: before all of the media's own, whose priorities count from 0. */
const NEARER = -1;

/** The facts of this machine with its Active Directory site as far as somebody knows it: Windows itself, else media or prestart command. */
export function locatedFacts(
  { manifest }: Pick<RunContext, 'manifest'>,
  facts: MachineFacts,
  prestart: Readonly<Record<string, string>>,
): MachineFacts {
  if (facts.adSite !== undefined) return facts;
  const variables = resolveVariables([
    { level: 'media', values: manifest.variables },
    { level: 'prestart', values: prestart },
  ]);
  const adSite = variables.get(AD_SITE_VARIABLE)?.trim();
  return adSite === undefined || adSite === '' ? facts : { ...facts, adSite };
}

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
      const names = groups.map(({ name }) => name).join(', ');
      note(context, 'info', `This machine is in ${names}: policy comes from ${point.name}.`);
      return policy;
    } catch (thrown) {
      passOver(url, thrown, context.observe);
    }
  }
  return first;
}

/**
 * Gives the rest of the run the levels of its distribution points: of dynamic media those of the boundary groups come to the media's own; of
 * site-based media the own ones are ranked, and there are no others.
 * @returns where the machine is.
 */
export function preferNearerPoints(context: RunContext, policy: Policy, facts: MachineFacts): Boundary {
  const boundary = boundaryOf(policy, facts);
  if (policy.boundaries.length > 0) note(context, 'info', `This machine is ${boundaryText(boundary)}.`);
  const own = new Set(context.manifest.distributionPoints.map(pointKey));
  const isDynamic = context.manifest.management === 'dynamic';
  const near = boundary.distributionPoints.filter(
    point => isDynamic || (point.level !== 'default' && own.has(pointKey(point))),
  );
  const opened = near.flatMap(point => openOrPass(point, context.openSource, context.observe));
  context.preferPoints({ sources: opened });
  return boundary;
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

function note({ observe }: RunContext, level: 'info' | 'warning', text: string): void {
  observe({ kind: 'note', level, component: 'policy', text });
}

function sameAddress(one: string, other: string): boolean {
  return one.replace(/\/+$/, '') === other.replace(/\/+$/, '');
}
