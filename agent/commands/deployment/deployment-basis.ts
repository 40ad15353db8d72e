// What a deployment goes by once policy is accepted, in WinPE and again in the new Windows: policy, the sequence, this machine's record and facts.
import type { MachineFacts } from '../../facts/machine-facts.ts';
import type { MachineRecord } from '../../policy/machine-record.ts';
import type { Deployment, Policy, TaskSequence } from '../../policy/policy.ts';

export interface DeploymentBasis {
  readonly facts: MachineFacts;
  readonly policy: Policy;
  readonly deployment: Deployment;
  readonly sequence: TaskSequence;
  readonly record?: MachineRecord;
  /** Variables that the prestart command set; in the new Windows they come out of the journal. */
  readonly prestart?: Readonly<Record<string, string>>;
}
