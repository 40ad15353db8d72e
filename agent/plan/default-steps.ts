// What a task sequence without `steps` does. Pure.
import type { UserStateOrder } from '../policy/machine-record.ts';
import type { SequenceStep } from '../policy/sequence-step.ts';

/** @param role what this machine's record says of its user state. Documented in docs/task-sequences.md; the two are compared by a test. */
export function defaultSteps(role: UserStateOrder['role'] | undefined): readonly SequenceStep[] {
  return [
    { step: 'download-content' },
    ...(role === 'refresh' ? [{ step: 'capture-user-state' } as const] : []),
    { step: 'apply-os-image' },
    { step: 'apply-drivers' },
    { step: 'set-up-boot' },
    ...(role === 'restore' || role === 'refresh' ? [{ step: 'restore-user-state' } as const] : []),
    { step: 'install-packages' },
    { step: 'install-applications' },
  ];
}
