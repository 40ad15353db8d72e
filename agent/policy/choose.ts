// Chooses the deployment that this machine runs, and says of every other one why it was not taken. Pure.
import type { MachineFacts } from '../facts/machine-facts.ts';
import { Fault } from '../fault/fault.ts';
import type { Collection, Deployment, Policy, TaskSequence } from './policy.ts';

export interface ChooseOptions {
  /** ID of the deployment to run (SMSTSPreferredAdvertID); the only way to a hidden one. */
  readonly preferred?: string;
}

export interface Choice {
  readonly deployment: Deployment;
  readonly taskSequence: TaskSequence;
  /** Why this one, in a sentence. */
  readonly why: string;
  readonly others: readonly NotChosen[];
}

export interface NotChosen {
  readonly deployment: Deployment;
  readonly why: string;
}

/**
 * Media never sees deployments to clients only; required ones come before available ones, otherwise the order in policy decides.
 * Fault: CONTENT-07 when nothing is left; `detail.reasons` names each deployment and why it was not offered.
 */
export function choose(policy: Policy, facts: MachineFacts, { preferred }: ChooseOptions = {}): Choice {
  const judged = policy.deployments.map(deployment => ({
    deployment,
    refusal: refusalOf(deployment, facts, preferred),
  }));
  const offered = judged.filter(each => each.refusal === undefined).map(each => each.deployment);
  const chosen = offered.find(deployment => deployment.purpose === 'required') ?? offered[0];
  const taskSequence = policy.taskSequences.find(sequence => sequence.id === chosen?.taskSequence);
  if (chosen === undefined || taskSequence === undefined) throw nothingOffered(judged, facts, preferred);
  const others = judged
    .filter(each => each.deployment !== chosen)
    .map(({ deployment, refusal }) => ({ deployment, why: refusal ?? outrankedBy(chosen, deployment) }));
  return { deployment: chosen, taskSequence, why: reasonFor(chosen, preferred), others };
}

/** Why a deployment is not offered to this machine; undefined when it is. */
function refusalOf(
  deployment: Deployment,
  facts: MachineFacts,
  preferred: string | undefined,
): string | undefined {
  if (deployment.makeAvailableTo === 'clients') return 'made available to clients only';
  const miss = mismatch(deployment.collection, facts);
  if (miss !== undefined) return miss;
  if (preferred !== undefined && deployment.id !== preferred) return `${preferred} is preferred`;
  if (deployment.makeAvailableTo === 'media-pxe-hidden' && preferred !== deployment.id)
    return 'hidden, and not named as preferred';
  return undefined;
}

/** The first list of the collection that does not name this machine. */
function mismatch(collection: Collection, facts: MachineFacts): string | undefined {
  if (collection === 'all') return undefined;
  if (typeof collection === 'string') return `collection ${collection} does not name this machine`;
  const checks: readonly (readonly [
    string,
    readonly string[] | undefined,
    readonly (string | undefined)[],
  ])[] = [
    ['serial number', collection.serials, [facts.serial]],
    ['UUID', collection.uuids, [facts.uuid]],
    ['MAC address', collection.macs, facts.macAddresses],
    ['model', collection.models, [facts.model]],
    ['manufacturer', collection.manufacturers, [facts.manufacturer]],
  ];
  for (const [name, wanted, found] of checks) {
    if (wanted === undefined) continue;
    const have = found.filter(value => value !== undefined);
    const normal = new Set(wanted.map(value => comparable(name, value)));
    if (!have.some(value => normal.has(comparable(name, value)))) {
      return `collection does not name this machine's ${name} (${have.join(', ') || 'unknown'})`;
    }
  }
  return undefined;
}

/** Case and outer blanks never tell machines apart; MAC addresses are written with `:`, `-`, `.` or nothing. */
function comparable(name: string, value: string): string {
  const text = value.trim().toLowerCase();
  if (name === 'MAC address') return text.replaceAll(/[^0-9a-f]/g, '');
  return name === 'UUID' ? text.replaceAll(/[{}]/g, '') : text;
}

function reasonFor(chosen: Deployment, preferred: string | undefined): string {
  if (preferred === chosen.id) return 'named as preferred';
  return chosen.purpose === 'required'
    ? 'first required deployment for this machine'
    : 'first available deployment for this machine';
}

function outrankedBy(chosen: Deployment, other: Deployment): string {
  return chosen.purpose !== other.purpose ? `${chosen.id} is required` : `${chosen.id} comes first in policy`;
}

function nothingOffered(
  judged: readonly { readonly deployment: Deployment; readonly refusal: string | undefined }[],
  facts: MachineFacts,
  preferred: string | undefined,
): Fault {
  const machine =
    [facts.manufacturer, facts.model, facts.serial].filter(text => text !== undefined).join(' ') ||
    'this machine';
  const reasons = judged.map(
    ({ deployment, refusal }) =>
      `${deployment.id} (${deployment.taskSequence}): ${refusal ?? 'its task sequence is absent'}`,
  );
  const unknown = preferred !== undefined && !judged.some(({ deployment }) => deployment.id === preferred);
  return new Fault('CONTENT-07', machine, {
    deployments: judged.length,
    reasons: unknown ? [...reasons, `${preferred}: preferred, but not in policy`] : reasons,
  });
}
