// Where a machine stands in the network, and which management and distribution points policy's boundary groups name for that place. Pure.
import type { MachineFacts } from '../facts/machine-facts.ts';
import { subnet } from '../facts/subnet.ts';
import type { BoundaryGroup, Policy } from './policy.ts';

export interface Boundary {
  /** Names of the boundary groups that hold the machine. */
  readonly groups: readonly string[];
  /** Each once, in policy's order. */
  readonly managementPoints: readonly string[];
  readonly distributionPoints: BoundaryGroup['distributionPoints'];
}

/** @returns what all boundary groups name together whose subnets hold one of the machine's addresses; empty lists when none does. */
export function boundaryOf({ boundaries }: Pick<Policy, 'boundaries'>, facts: MachineFacts): Boundary {
  const holding = boundaries.filter(({ subnets }) =>
    subnets.some(text => {
      const network = subnet(text);
      return network !== undefined && facts.ipAddresses.some(address => network.holds(address));
    }),
  );
  const distributionPoints = new Map<string, Boundary['distributionPoints'][number]>();
  for (const point of holding.flatMap(group => group.distributionPoints)) {
    // A template makes another source of the same address.
    const key = `${point.url}\n${point.template ?? ''}`;
    if (!distributionPoints.has(key)) distributionPoints.set(key, point);
  }
  return {
    groups: holding.map(({ name }) => name),
    managementPoints: [...new Set(holding.flatMap(group => group.managementPoints))],
    distributionPoints: [...distributionPoints.values()],
  };
}
