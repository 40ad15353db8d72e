// Where a machine stands in the network, by which of policy's boundary groups hold it, and how near that makes management and distribution points. Pure.
import type { MachineFacts } from '../facts/machine-facts.ts';
import { subnet } from '../facts/subnet.ts';
import type { BoundaryGroup, Policy } from './policy.ts';

type GroupPoint = BoundaryGroup['distributionPoints'][number];

/** A distribution point that a boundary group names, seen from this machine. */
export interface NearPoint extends GroupPoint {
  readonly level: 'boundary' | 'neighbour' | 'default';
  /** Within its level: neighbours in the order in which the machine's own groups name them, then as the group wants it. */
  readonly priority: number;
}

/** A boundary group that holds the machine. */
export interface HoldingGroup {
  readonly name: string;
  /** `subnet 10.1.0.0/16 holds 10.1.4.7`, `gateway 10.1.4.1`, `Active Directory site Graz`; `in no other group` for the default. */
  readonly why: string;
}

export interface Boundary {
  readonly groups: readonly HoldingGroup[];
  /** Names of the groups next door, nearest first; none of those above is among them. */
  readonly neighbours: readonly string[];
  /** Each once, in policy's order: of the machine's own groups, and of default groups where no other holds it. */
  readonly managementPoints: readonly string[];
  /** Each once, at its nearest, the nearest first. */
  readonly distributionPoints: readonly NearPoint[];
}

export type Place = Pick<MachineFacts, 'ipAddresses' | 'gateways' | 'adSite'>;

/** Between one neighbour and the next; priorities in documents end at 1000, and the steps of a level at 10,000 (distribution/source-health.ts). */
const NEIGHBOUR_STEP = 1001;

/**
 * A group holds a machine when any of its subnets, gateways or Active Directory sites does. Neighbours are those that the holding groups name; a
 * neighbour's own neighbours are not asked. Default groups are everybody's, behind all others.
 * @returns empty lists where policy has nothing for the place.
 */
export function boundaryOf({ boundaries }: Pick<Policy, 'boundaries'>, place: Place): Boundary {
  const held = boundaries.flatMap(group => {
    const why = whyHeld(group, place);
    return why === undefined ? [] : [{ group, why }];
  });
  const own = held.map(({ group }) => group);
  const next = neighboursOf(own, boundaries);
  const everybodys = boundaries.filter(group => group.default === true);
  const fallback = own.length === 0 ? everybodys : [];
  return {
    groups: [
      ...held.map(({ group, why }) => ({ name: group.name, why })),
      ...fallback.map(({ name }) => ({ name, why: 'in no other group' })),
    ],
    neighbours: next.map(({ group }) => group.name),
    managementPoints: [...new Set([...own, ...fallback].flatMap(group => group.managementPoints))],
    distributionPoints: nearestOnly([
      ...own.flatMap(group => pointsOf(group, 'boundary')),
      ...next.flatMap(({ group, steps }) => pointsOf(group, 'neighbour', steps * NEIGHBOUR_STEP)),
      ...everybodys.flatMap(group => pointsOf(group, 'default')),
    ]),
  };
}

/** @returns what of the group holds the machine, for people; undefined when nothing does. */
function whyHeld(group: BoundaryGroup, { ipAddresses, gateways = [], adSite }: Place): string | undefined {
  for (const text of group.subnets ?? []) {
    const network = subnet(text);
    const address = network && ipAddresses.find(each => network.holds(each));
    if (address !== undefined) return `subnet ${text} holds ${address}`;
  }
  // An address is the network of itself alone: so all ways to write an IPv6 address are one.
  const gateway = group.gateways?.find(text => gateways.some(each => subnet(text)?.holds(each)));
  if (gateway !== undefined) return `gateway ${gateway}`;
  const site = group.adSites?.find(name => sameName(name, adSite ?? ''));
  return site === undefined ? undefined : `Active Directory site ${site}`;
}

/** `steps`: how far down it stands in the list that names it first. */
function neighboursOf(
  own: readonly BoundaryGroup[],
  boundaries: readonly BoundaryGroup[],
): readonly { readonly group: BoundaryGroup; readonly steps: number }[] {
  const named = own.flatMap(({ neighbours = [] }) => neighbours.map((name, steps) => ({ name, steps })));
  const found = new Map<BoundaryGroup, number>();
  for (const { name, steps } of named.toSorted((a, b) => a.steps - b.steps)) {
    const group = boundaries.find(each => sameName(each.name, name));
    if (group !== undefined && !own.includes(group) && !found.has(group)) found.set(group, steps);
  }
  return [...found].map(([group, steps]) => ({ group, steps }));
}

function pointsOf(group: BoundaryGroup, level: NearPoint['level'], behind = 0): readonly NearPoint[] {
  return group.distributionPoints.map(point => ({ ...point, level, priority: point.priority + behind }));
}

/** What is near is not far as well. */
function nearestOnly(points: readonly NearPoint[]): readonly NearPoint[] {
  const nearest = new Map<string, NearPoint>();
  for (const point of points) {
    const key = pointKey(point);
    if (!nearest.has(key)) nearest.set(key, point);
  }
  const order = ['boundary', 'neighbour', 'default'];
  return [...nearest.values()].toSorted(
    (a, b) => order.indexOf(a.level) - order.indexOf(b.level) || a.priority - b.priority,
  );
}

/** Tells points apart: a template makes another source of the same address, a slash at its end does not. */
export function pointKey({ url, template }: Pick<GroupPoint, 'url' | 'template'>): string {
  return `${url.replace(/[\\/]+$/, '')}\n${template ?? ''}`;
}

function sameName(one: string, other: string): boolean {
  return one.trim().toLowerCase() === other.trim().toLowerCase();
}
