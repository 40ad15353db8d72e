// The policy that a plan follows, kept beside the journal: the journal can tell rot from truth, but only the policy's signature can tell truth
// from forgery, so the new Windows proves the plan against it before anything of the plan is run.
import { createHash } from 'node:crypto';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readCapped } from '../../document/read-capped.ts';
import { Fault } from '../../fault/fault.ts';
import { recall } from '../../journal/past.ts';
import type { CompiledAction } from '../../plan/compile-steps.ts';
import { type Action, type Plan, phaseOf } from '../../plan/plan.ts';
import { POLICY_MAX_BYTES, type Policy } from '../../policy/policy.ts';
import { readSignedPolicy } from '../../policy/verify-policy.ts';
import { publicKey } from '../../trust/keys.ts';
import { SIGNATURE_MAX_BYTES } from '../../trust/signature.ts';
import type { DeploymentBasis } from './deployment-basis.ts';
import { keptMachineRecord } from './machine-record.ts';
import type { ObtainedPolicy } from './obtain-policy.ts';
import type { RunContext } from './run-context.ts';
import { type WantedContent, wantedContent } from './wanted-content.ts';

/** Durable when it resolves; called before the plan is journaled. */
export async function keepAcceptedPolicy(context: RunContext, policy: ObtainedPolicy): Promise<void> {
  const { layout, composition } = context;
  await composition.durable.makeFolder(path.dirname(layout.acceptedPolicy));
  await composition.durable.replaceFile(layout.acceptedPolicy, policy.bytes);
  await composition.durable.replaceFile(layout.acceptedPolicySignature, policy.signature);
}

/**
 * The serial number below which a policy is a replay on this volume: the journal's, and that of the kept policy, which stays when a journal is
 * set aside or lost.
 */
export async function acceptedSerial({ layout, manifest, records }: RunContext): Promise<number> {
  const { policySerial } = recall(records);
  try {
    const bytes = await readCapped(layout.acceptedPolicy, POLICY_MAX_BYTES);
    const signature = await readCapped(layout.acceptedPolicySignature, SIGNATURE_MAX_BYTES);
    if (bytes === undefined) return policySerial;
    const keys = manifest.policyKeys.map(publicKey);
    return Math.max(policySerial, readSignedPolicy(bytes, signature, { keys, site: manifest.site }).serial);
  } catch {
    // Cut while it was replaced, or of other media: it tells nothing, and is replaced by the policy that is accepted now.
    return policySerial;
  }
}

/**
 * Proves that what is left of the plan is what follows from the signed policy on this machine: each action of the full OS, and each content item by
 * digest. Dates are not judged: what was begun in time may be finished late. Faults: TRUST-01, -02, -08, -10, -11; TRUST-07 for a plan that does not
 * follow from the policy.
 * @returns what the deployment goes by.
 */
export async function requirePlanOfPolicy(context: RunContext, plan: Plan): Promise<DeploymentBasis> {
  const policy = await policyOf(context, plan);
  const sequence = policy.taskSequences.find(candidate => candidate.id === plan.taskSequence.id);
  if (sequence === undefined)
    throw refusal(plan.taskSequence.id, 'a task sequence of policy', 'none of that ID');
  const deployment = policy.deployments.find(candidate => candidate.id === plan.deployment);
  if (deployment?.taskSequence !== sequence.id)
    throw refusal(plan.deployment, `a deployment of ${sequence.id}`, 'none in policy');
  const now = await context.machine.facts();
  // Collections and conditions go by what the machine said of itself when the plan was made: the new Windows may have another address, or run on battery.
  const planned = context.records.findLast(each => each.type === 'machine')?.facts ?? now;
  const facts = { ...planned, system: now.system };
  const record = await keptMachineRecord(context, policy, facts);
  const prestart = recall(context.records).prestart;
  const basis: DeploymentBasis = {
    facts,
    policy,
    deployment,
    sequence,
    ...(record === undefined ? {} : { record }),
    ...(prestart === undefined ? {} : { prestart: prestart.values }),
  };
  const drivers = plan.items.map(({ reference }) => reference.id);
  const wanted = await wantedContent(context, basis, drivers);
  requireItems(plan, wanted);
  requireActions(plan, wanted);
  return basis;
}

async function policyOf({ layout, manifest }: RunContext, plan: Plan): Promise<Policy> {
  const bytes = await readCapped(layout.acceptedPolicy, POLICY_MAX_BYTES);
  const signature = await readCapped(layout.acceptedPolicySignature, SIGNATURE_MAX_BYTES);
  if (bytes === undefined)
    throw new Fault('TRUST-01', layout.acceptedPolicy, {
      expected: 'the policy that the plan follows',
      found: 'nothing',
    });
  const policy = readSignedPolicy(bytes, signature, {
    keys: manifest.policyKeys.map(publicKey),
    site: manifest.site,
  });
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (digest !== plan.policy.digest)
    throw new Fault('TRUST-07', 'plan', { expected: digest, found: plan.policy.digest });
  return policy;
}

function requireItems({ items }: Plan, { references }: WantedContent): void {
  const named = new Map(references.map(reference => [reference.id, reference.digest]));
  for (const { reference } of items) {
    const expected = named.get(reference.id) ?? 'not part of the task sequence';
    if (expected !== reference.digest) throw refusal(reference.id, expected, reference.digest);
  }
}

/** What ran in WinPE is past, and depended on what lay in the cache then. */
function requireActions(plan: Plan, { compiled }: WantedContent): void {
  const expected = compiled.actions.filter(isAction).filter(action => phaseOf(action) === 'full-os');
  const found = plan.actions.filter(action => phaseOf(action) === 'full-os');
  for (let at = 0; at < Math.max(expected.length, found.length); at++) {
    if (!isDeepStrictEqual(plainOf(expected[at]), plainOf(found[at])))
      throw refusal('actions in the full OS', textOf(expected[at]), textOf(found[at]));
  }
  if (!isDeepStrictEqual(compiled.target, plan.target))
    throw refusal('target', JSON.stringify(compiled.target) ?? 'none', JSON.stringify(plan.target) ?? 'none');
}

function isAction(action: CompiledAction): action is Extract<CompiledAction, Action> {
  return action.name !== 'download-content' && action.name !== 'apply-os-image';
}

/** As it is after it went through the journal. */
function plainOf(action: Action | undefined): unknown {
  return action === undefined ? undefined : JSON.parse(JSON.stringify(action));
}

function textOf(action: Action | undefined): string {
  return action === undefined ? 'nothing more' : JSON.stringify(action);
}

function refusal(subject: string, expected: string, found: string): Fault {
  return new Fault('TRUST-07', `plan: ${subject}`, { expected, found });
}
