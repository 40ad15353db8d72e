// This machine's own record: fetched with policy, kept for the new Windows, which reads it again. Its secrets are known to the redactor first.
import { createHash } from 'node:crypto';
import path from 'node:path';
import { onDistributionPoint } from '../../content/layout.ts';
import type { Source } from '../../distribution/source.ts';
import { readCapped } from '../../document/read-capped.ts';
import { identifiersOf } from '../../facts/identifiers.ts';
import type { MachineFacts } from '../../facts/machine-facts.ts';
import { asFault, Fault } from '../../fault/fault.ts';
import { faultLine } from '../../fault/fault-line.ts';
import { accountData } from '../../policy/domain-join-blob.ts';
import type { MachineRecord } from '../../policy/machine-record.ts';
import { placeOf, recordIn, SHARD_MAX_BYTES } from '../../policy/machine-shards.ts';
import type { Policy } from '../../policy/policy.ts';
import { recordsKeyId } from '../../trust/machine-key.ts';
import type { Composition } from '../composition.ts';
import type { RunContext } from './run-context.ts';

/** What of a run's context this needs. */
export type RecordContext = Pick<
  RunContext,
  'layout' | 'managementPoints' | 'manifest' | 'records' | 'observe'
> & {
  readonly composition: Pick<Composition, 'durable' | 'signal' | 'learnSecret'>;
};

export interface ObtainedRecord {
  readonly record: MachineRecord;
  /** The shard as served, to be kept for the new Windows, where it is proven against policy again. */
  readonly shard: Uint8Array;
}

/**
 * The first of the machine's identifiers that policy knows counts: UUID, serial number, MAC addresses. A copy on this volume that policy vouches
 * for spares the network; else the management point that served policy is asked, then the others.
 * @param from name of the management point that served policy, or `media`.
 * @returns the record that policy has of this machine, or undefined for an unknown computer. Faults: TRUST-07 when a point serves another shard
 * than policy pins and none serves the right one, TRUST-08, TRUST-10, NET-*; CONTENT-01 offline, when the media does not carry the shard.
 */
export async function obtainMachineRecord(
  context: RecordContext,
  policy: Policy,
  facts: MachineFacts,
  from?: string,
): Promise<ObtainedRecord | undefined> {
  const key = usableKey(context, policy);
  if (key === undefined) return undefined;
  const shards = new Map<number, Uint8Array>();
  const shardOf = async (number: number): Promise<Uint8Array> => {
    const shard = shards.get(number) ?? (await readShard(context, policy, number, from));
    shards.set(number, shard);
    return shard;
  };
  for (const identifier of identifiersOf(facts, policy.sharedAdapters)) {
    const place = placeOf(key, identifier, countOf(policy));
    const shard = await shardOf(place.shard);
    const record = recordIn(shard, place);
    if (record !== undefined) return { record: learned(context, record), shard };
  }
  return undefined;
}

/**
 * As obtained before the hand-over, from the volume. By the identifiers of then, which the journal has: a dock may be gone.
 * Fault: TRUST-07 when it is not what policy pins.
 */
export async function keptMachineRecord(
  context: RecordContext,
  policy: Policy,
  facts: MachineFacts,
): Promise<MachineRecord | undefined> {
  const { layout, records, manifest } = context;
  const shard = await readCapped(layout.acceptedShard, SHARD_MAX_BYTES);
  if (shard === undefined || policy.machines === undefined || manifest.machineKey === undefined)
    return undefined;
  const then = records.findLast(record => record.type === 'machine');
  const identifiers = [then?.type === 'machine' ? then.facts : facts, facts].flatMap(each =>
    identifiersOf(each, policy.sharedAdapters),
  );
  const found = sha256(shard);
  for (const identifier of identifiers) {
    const place = placeOf(Buffer.from(manifest.machineKey, 'base64'), identifier, countOf(policy));
    if (policy.machines.digests[place.shard] !== found) continue;
    const record = recordIn(shard, place);
    if (record !== undefined) return learned(context, record);
  }
  throw new Fault('TRUST-07', layout.acceptedShard, {
    expected: `a shard that policy ${policy.serial} pins, with this machine’s record`,
    found,
  });
}

/** Durable when it resolves; called with the policy that is kept, before the plan is journaled: a cut between the two is a run that begins anew. */
export async function keepMachineRecord(
  { layout, composition }: RecordContext,
  obtained: ObtainedRecord | undefined,
): Promise<void> {
  if (obtained === undefined) {
    // A record of an earlier run must not outlive the policy that vouched for it.
    await composition.durable.remove(layout.acceptedShard);
    return;
  }
  await composition.durable.makeFolder(path.dirname(layout.acceptedShard));
  await composition.durable.replaceFile(layout.acceptedShard, obtained.shard);
}

/** Media that cannot read the site's records still serve, as before there were any; but nobody shall wonder why. */
function usableKey({ manifest, observe }: RecordContext, policy: Policy): Uint8Array | undefined {
  if (policy.machines === undefined) return undefined;
  const key = manifest.machineKey === undefined ? undefined : Buffer.from(manifest.machineKey, 'base64');
  const { keyId } = policy.machines;
  if (key !== undefined && (keyId === undefined || recordsKeyId(key) === keyId)) return key;
  observe({
    kind: 'note',
    level: 'warning',
    component: 'policy',
    text: `The site has records of its machines, but this media was made ${key === undefined ? 'before it had a machine key' : 'with another machine key'}: this computer counts as unknown. New media can read the records.`,
  });
  return undefined;
}

async function readShard(
  context: RecordContext,
  policy: Policy,
  number: number,
  from: string | undefined,
): Promise<Uint8Array> {
  const { layout, managementPoints, observe, composition } = context;
  const expected = policy.machines?.digests[number];
  const subject = onDistributionPoint.policyShard(policy.serial, number);
  for (const file of [layout.policyShard(number), layout.acceptedShard]) {
    const bytes = await readCapped(file, SHARD_MAX_BYTES);
    if (bytes !== undefined && sha256(bytes) === expected) return bytes;
  }
  const faults: Fault[] = [];
  // Offline they were asked a moment ago, in vain.
  for (const point of from === 'media' ? [] : servingFirst(managementPoints, from)) {
    try {
      const { signal } = composition;
      const bytes = await point.readDocument(subject, { maxBytes: SHARD_MAX_BYTES, signal });
      const found = sha256(bytes);
      if (found !== expected) throw new Fault('TRUST-07', `${point.name}/${subject}`, { expected, found });
      return bytes;
    } catch (thrown) {
      const fault = asFault(thrown);
      if (fault.code === 'STOP-01' || fault.code === 'BUG-01') throw fault;
      observe({
        kind: 'note',
        level: 'warning',
        component: 'policy',
        text: `${point.name}: ${faultLine(fault)}`,
      });
      faults.push(fault);
    }
  }
  throw (
    faults.find(fault => fault.code.startsWith('TRUST')) ??
    faults.at(-1) ??
    new Fault('CONTENT-01', subject, { found: 'the media does not carry the machine records of its policy' })
  );
}

function servingFirst(points: readonly Source[], from: string | undefined): readonly Source[] {
  return [...points.filter(point => point.name === from), ...points.filter(point => point.name !== from)];
}

function learned({ composition }: RecordContext, record: MachineRecord): MachineRecord {
  const { variables, secret, userState, domainJoinBlob } = record;
  const secretNames = new Set(secret.map(name => name.toLowerCase()));
  composition.learnSecret([
    ...Object.entries(variables).flatMap(([name, value]) =>
      secretNames.has(name.toLowerCase()) ? [value] : [],
    ),
    ...(userState === undefined ? [] : [userState.key]),
    ...(domainJoinBlob === undefined ? [] : secretsOfBlob(domainJoinBlob)),
  ]);
  return record;
}

/** The blob as the record has it, and as Windows Setup takes it. */
function secretsOfBlob(blob: string): readonly string[] {
  return [blob, accountData(Buffer.from(blob, 'base64')) ?? ''];
}

function countOf({ machines }: Policy): number {
  return machines?.digests.length ?? 1;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
