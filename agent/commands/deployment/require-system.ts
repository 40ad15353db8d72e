// Each half of a deployment runs in its own system. In the wrong one it would do harm: deploy would clear the volume of the Windows that runs,
// continue would install into the RAM disk of Windows PE.
import { Fault } from '../../fault/fault.ts';
import type { Machine } from '../../machine/machine.ts';

const NAMES = { winpe: 'Windows PE', 'full-os': 'Windows' } as const;

/**
 * A rehearsal is both.
 * @param command as it is typed. @throws Fault USAGE-10 in the other system.
 */
export async function requireSystem(
  { facts }: Pick<Machine, 'facts'>,
  command: string,
  expected: 'winpe' | 'full-os',
): Promise<void> {
  const { system } = await facts();
  if (system === expected || system === 'rehearsal') return;
  throw new Fault('USAGE-10', command, { expected: NAMES[expected], found: NAMES[system] });
}
