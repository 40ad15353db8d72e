// This machine's own record: fetched with policy, kept for the new Windows, which reads it again.
import type { MachineFacts } from '../../facts/machine-facts.ts';
import type { MachineRecord } from '../../policy/machine-record.ts';
import type { Policy } from '../../policy/policy.ts';
import type { RunContext } from './run-context.ts';

export interface ObtainedRecord {
  readonly record: MachineRecord;
  /** The shard as served, to be kept for the new Windows, where it is proven against policy again. */
  readonly shard: Uint8Array;
}

/** @returns the record that policy has of this machine, or undefined for an unknown computer. Faults: TRUST-07, NET-*. */
export async function obtainMachineRecord(
  _context: RunContext,
  _policy: Policy,
  _facts: MachineFacts,
): Promise<ObtainedRecord | undefined> {
  return undefined;
}

/** As obtained before the hand-over, from the volume. Fault: TRUST-07 when it is not what policy pins. */
export async function keptMachineRecord(
  _context: RunContext,
  _policy: Policy,
  _facts: MachineFacts,
): Promise<MachineRecord | undefined> {
  return undefined;
}

/** Durable when it resolves; called with the policy that is kept. */
export async function keepMachineRecord(
  _context: RunContext,
  _obtained: ObtainedRecord | undefined,
): Promise<void> {}
