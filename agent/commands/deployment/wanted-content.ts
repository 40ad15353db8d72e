// What a deployment comes to on this machine before the cache is looked at: the actions of its task sequence, and the content that they need.
import type { ContentReference } from '../../content/manifest.ts';
import { Fault } from '../../fault/fault.ts';
import { recall } from '../../journal/past.ts';
import { type CompiledSequence, compileSteps } from '../../plan/compile-steps.ts';
import type { PlacedStep } from '../../plan/place-steps.ts';
import { requireSteps } from '../../plan/require-steps.ts';
import { type DriverJudgement, judgeDriverPackages, noDriversNote } from '../../policy/driver-packages.ts';
import type { UserStateOrder } from '../../policy/machine-record.ts';
import type { TaskSequence } from '../../policy/policy.ts';
import { resolveVariables } from '../../policy/variables.ts';
import { builtInLayer } from './built-in-layer.ts';
import type { DeploymentBasis } from './deployment-basis.ts';
import type { RunContext } from './run-context.ts';
import { variableLayers } from './variable-store.ts';

export interface WantedContent {
  /** Every item that an action needs, once, in the order of the content table: OS image, driver packages, then as the sequence uses them. */
  readonly references: readonly ContentReference[];
  readonly compiled: CompiledSequence;
  readonly drivers: WantedDrivers;
}

/** Why each driver package of policy is taken or not; none where the sequence applies no drivers. */
export interface WantedDrivers {
  readonly judgements: readonly DriverJudgement[];
  /** What to tell where no driver package fits. */
  readonly note?: string;
}

/**
 * The same in WinPE and in the new Windows, from what is signed and from what does not change of a machine.
 * @param planned driver packages of a plan that was made in WinPE: the devices that they were chosen for are not known any more. Others than
 * driver packages of policy are left out.
 * Faults: CONTENT-01 for what policy does not name, CONTENT-09, CONTENT-10, CONTENT-11, and those of fetching a manifest.
 */
export async function wantedContent(
  context: RunContext,
  basis: DeploymentBasis,
  planned?: readonly string[],
): Promise<WantedContent> {
  const { policy, sequence, facts, record } = basis;
  const steps = requireSteps(sequence, record?.userState?.role);
  const dependencies = await dependenciesOf(installsOf(steps, sequence), context, basis);
  const packages = { offered: policy.content, laid: context.manifest.content };
  const judgements = judgeDriverPackages(sequence.drivers, packages, facts);
  const driverPackages =
    planned !== undefined && sequence.drivers === 'auto'
      ? judgements.map(({ id }) => id).filter(id => planned.includes(id))
      : judgements.filter(({ taken }) => taken).map(({ id }) => id);
  const compiled = compileSteps({
    sequence,
    steps,
    driverPackages,
    about: id => ({
      kind: referenceTo(policy.content, id).type === 'package' ? 'package' : 'application',
      dependencies: dependencies.get(id) ?? [],
    }),
    known: {
      facts,
      collections: policy.collections,
      forgotten: recall(context.records).prestart?.secret ?? [],
      variables: resolveVariables([
        ...variableLayers(context, basis),
        builtInLayer(context, basis, undefined),
      ]),
    },
  });
  const ids = new Set([sequence.osImage.id, ...contentOf(compiled, record?.userState)]);
  return {
    references: [...ids].map(id => chosen(referenceTo(policy.content, id))),
    compiled,
    drivers: driversOf(steps, judgements, basis),
  };
}

/** Fault: CONTENT-01. Decoders prove that references resolve within a document; between media, manifests and policy they may not. */
export function referenceTo(references: readonly ContentReference[], id: string): ContentReference {
  const found = references.find(reference => reference.id === id);
  if (found === undefined) throw new Fault('CONTENT-01', id, { found: 'policy does not name this content' });
  return found;
}

/** What the steps install, without what that depends on. A disabled step's manifest is not asked for, so neither are its dependencies known. */
function installsOf(
  steps: readonly PlacedStep[],
  { packages, applications }: TaskSequence,
): readonly string[] {
  return steps.flatMap(({ step, off }) => {
    if (off !== undefined) return [];
    if (step.step === 'install-packages') return packages;
    if (step.step === 'install-applications') return applications;
    return step.step === 'install-package' || step.step === 'install-application' ? [step.id] : [];
  });
}

async function dependenciesOf(
  ids: readonly string[],
  { manifests }: RunContext,
  { policy }: DeploymentBasis,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const dependencies = new Map<string, readonly string[]>();
  const learn = async (id: string): Promise<void> => {
    if (dependencies.has(id)) return;
    dependencies.set(id, []);
    const needed = (await manifests.manifest(referenceTo(policy.content, id))).dependencies ?? [];
    dependencies.set(id, needed);
    for (const each of needed) await learn(each);
  };
  for (const id of ids) await learn(id);
  return dependencies;
}

function driversOf(
  steps: readonly PlacedStep[],
  judgements: readonly DriverJudgement[],
  { sequence, facts }: DeploymentBasis,
): WantedDrivers {
  if (!steps.some(({ step, off }) => step.step === 'apply-drivers' && off === undefined))
    return { judgements: [] };
  const note = noDriversNote(sequence.drivers, judgements, facts);
  return { judgements, ...(note === undefined ? {} : { note }) };
}

/** The choice is made: thousands of device IDs have no place in a plan and its journal. */
function chosen({ hardware: _, ...reference }: ContentReference): ContentReference {
  return reference;
}

/** Content that only skipped actions would use is not needed. User state is moved by the tools of the package that its order names. */
function contentOf({ actions }: CompiledSequence, order: UserStateOrder | undefined): readonly string[] {
  return actions.flatMap(action => {
    if (action.control?.skip !== undefined) return [];
    if (action.name === 'capture-user-state' || action.name === 'restore-user-state')
      return order?.method === 'usmt' && order.package !== undefined ? [order.package] : [];
    if ('id' in action) return [action.id];
    return 'content' in action && action.content !== undefined ? [action.content] : [];
  });
}
