// The computer whose user state is captured: the one that the order names, in its own Windows, with the rights to read everybody's files.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { MachineFacts } from '../../facts/machine-facts.ts';
import { Fault } from '../../fault/fault.ts';
import type { Machine } from '../../machine/machine.ts';
import type { CaptureOrder } from '../../policy/capture-order.ts';
import { differsFrom } from '../../user-state/same-computer.ts';

export interface OldComputer {
  readonly facts: MachineFacts;
  /** Root of the volume of Windows. */
  readonly root: string;
}

const CURRENT_VERSION = 'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion';

/** Faults: STATE-03 not the computer of the order, USAGE-10 not in the full OS, or not as administrator. */
export async function requireOldComputer(machine: Machine, order: CaptureOrder): Promise<OldComputer> {
  const facts = await machine.facts();
  const difference = differsFrom(order.computer, facts);
  if (difference !== undefined) throw new Fault('STATE-03', 'this computer', { ...difference });
  if (facts.system === 'winpe')
    throw new Fault('USAGE-10', 'prestage capture', {
      expected: 'the Windows of the old computer',
      found: 'WinPE; there a task sequence captures with the step capture-user-state',
    });
  const root = await windowsRoot(machine);
  if (machine.kind === 'windows') await requireAdministrator(root);
  return { facts, root };
}

async function windowsRoot(machine: Machine): Promise<string> {
  const systemRoot = await machine.readRegistry(CURRENT_VERSION, 'SystemRoot');
  if (typeof systemRoot === 'string') return path.parse(systemRoot).root;
  const volumes = await machine.volumes();
  const volume = volumes.find(({ label }) => label === 'windows');
  if (volume === undefined)
    throw new Fault('DISK-04', 'this computer', { expected: 'a volume with Windows' });
  return volume.root;
}

/** Nobody else may list this folder; without its rights every other person's files would be left out one by one. */
async function requireAdministrator(root: string): Promise<void> {
  const folder = path.join(root, 'Windows', 'System32', 'config');
  await readdir(folder).catch((cause: unknown) => {
    throw new Fault(
      'USAGE-10',
      'prestage capture',
      { expected: 'a command prompt that was opened as administrator', found: `no right to list ${folder}` },
      { cause },
    );
  });
}
