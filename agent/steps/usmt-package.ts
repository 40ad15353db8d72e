// The package that holds USMT, proven at the moment of use.
import { Fault } from '../fault/fault.ts';
import type { UserStateOrder } from '../policy/machine-record.ts';
import type { StepWorld } from './step-world.ts';
import { verifiedItem } from './verified-item.ts';

/** @returns the folder of the package. Faults: STATE-05 when the order names none or the plan has not got it, CONTENT-02. */
export async function usmtPackage(order: UserStateOrder, world: StepWorld): Promise<string> {
  const id = order.package;
  if (id === undefined || !world.plan.items.some(item => item.reference.id === id))
    throw new Fault('STATE-05', 'USMT', {
      expected: 'the package of scanstate and loadstate in the plan',
      found: id === undefined ? 'no package in the association' : `no ${id}`,
    });
  return (await verifiedItem(world, id)).folder;
}
