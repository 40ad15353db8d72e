// The actions of one step: lists expanded with what they depend on, boot and answer file parted into what each machine does. Pure.
import type { TaskSequence } from '../policy/policy.ts';
import type { KnownStep, StepType } from '../policy/sequence-step.ts';
import { type InstallWish, installOrder } from './install-order.ts';
import type { PlacedStep } from './place-steps.ts';
import type { Task } from './plan.ts';

/** What is to be done, where bytes to fetch and the image's size are not known yet. */
export type CompiledTask =
  | Exclude<Task, { readonly name: 'acquire-content' | 'verify-image' | 'apply-image' }>
  | { readonly name: 'download-content' }
  | { readonly name: 'apply-os-image' };

export interface Around {
  readonly sequence: Pick<TaskSequence, 'packages' | 'applications'>;
  readonly driverPackages: readonly string[];
  readonly about: InstallWish['about'];
  /** What earlier steps install for certain: a list or a dependency does not install it again. */
  readonly installed: Set<string>;
  /** A step wrote the answer file already. */
  readonly hasUnattend: boolean;
}

/** @param isCertain the step is carried out whatever the machine will say. */
export function tasksOf(
  { step, isHandOver }: PlacedStep,
  isCertain: boolean,
  around: Around,
): readonly CompiledTask[] {
  const { sequence, driverPackages } = around;
  switch (step.step) {
    case 'apply-drivers':
      return driverPackages.map(id => ({ name: 'add-drivers', id }));
    case 'apply-unattend':
      return [{ name: 'write-unattend' }];
    case 'set-up-boot':
      return [
        { name: 'stage-agent' },
        ...(around.hasUnattend ? [] : [{ name: 'write-unattend' } as const]),
        { name: 'make-bootable' },
      ];
    case 'install-package':
      return installs([step.id], [], isCertain, around, step.id);
    case 'install-application':
      return installs([], [step.id], isCertain, around, step.id);
    case 'install-packages':
      return installs(sequence.packages, [], isCertain, around);
    case 'install-applications':
      return installs([], sequence.applications, isCertain, around);
    case 'restart':
      return isHandOver ? [] : [{ name: 'restart', to: step.to }];
    default:
      return [taskOf(step)];
  }
}

/** @param named is installed even when an earlier step did: its author asks for it twice. */
function installs(
  packages: readonly string[],
  applications: readonly string[],
  isCertain: boolean,
  { about, installed }: Around,
  named?: string,
): readonly CompiledTask[] {
  const order = installOrder({ packages, applications, about }).filter(
    ({ id }) => id === named || !installed.has(id),
  );
  if (isCertain) for (const { id } of order) installed.add(id);
  return order.map(({ id, kind }) => ({ name: `install-${kind}`, id }));
}

type Expanded = Extract<
  StepType,
  `install-${string}` | `apply-${'drivers' | 'unattend'}` | 'set-up-boot' | 'restart'
>;

/** Steps that are one action of the same fields. What is absent is left out: a plan goes through JSON, which has no undefined. */
function taskOf(step: Exclude<KnownStep, { readonly step: Expanded }>): CompiledTask {
  switch (step.step) {
    case 'partition-disk':
      return { name: 'partition-disk', disk: step.disk };
    case 'run-command': {
      const { command, content, startIn, successCodes } = step;
      return {
        name: 'run-command',
        command,
        ...(content === undefined ? {} : { content }),
        ...(startIn === undefined ? {} : { startIn }),
        ...(successCodes === undefined ? {} : { successCodes }),
      };
    }
    case 'run-powershell': {
      const { script, file, parameters, content, successCodes } = step;
      return {
        name: 'run-powershell',
        ...(script === undefined ? {} : { script }),
        ...(file === undefined ? {} : { file }),
        ...(parameters === undefined ? {} : { parameters }),
        ...(content === undefined ? {} : { content }),
        ...(successCodes === undefined ? {} : { successCodes }),
      };
    }
    case 'set-variable':
      return { name: 'set-variable', variable: step.variable, value: step.value };
    case 'send-status':
      return { name: 'send-status', message: step.message };
    case 'copy-logs':
      return { name: 'copy-logs', to: step.to };
    default:
      return { name: step.step };
  }
}
