// Signs the site's policy and makes it the current one of a distribution point folder.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { onDistributionPoint } from '../content/layout.ts';
import type { ContentReference } from '../content/manifest.ts';
import { encodeJson } from '../document/decode-json.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import { policyPointerSchema } from '../policy/fetch-policy.ts';
import { POLICY_MAX_BYTES, type Policy, policySchema } from '../policy/policy.ts';
import type { PrivateKey } from '../trust/keys.ts';
import { signDetached } from '../trust/signature.ts';
import type { KeyAccess } from './key-files.ts';
import { machinesToPublish, publishMachines } from './publish-machines.ts';
import { onPoint } from './published-content.ts';
import type { Site } from './read-site.ts';

/** Machines that read the pointer a moment ago still find what it named. */
const POLICIES_KEPT = 5;

const DAY_MS = 24 * 60 * 60 * 1000;

export interface PublishedPolicy {
  readonly policy: Policy;
  /** SHA-256 of the policy's bytes. */
  readonly digest: string;
  /** How many machines have a record of their own. */
  readonly machines: number;
}

/** `serialFloor`: the highest serial number known to be taken; the new one is above it and above all on the distribution point. */
export interface PolicyRequest {
  readonly point: string;
  readonly site: Site;
  readonly content: readonly ContentReference[];
  readonly key: PrivateKey;
  /** Folder of the key files. */
  readonly keys: string;
  readonly access: KeyAccess;
  readonly serialFloor: number;
  readonly now: Date;
  readonly durable: DurableFiles;
}

/** Durable when it resolves; until the last rename the former policy is current. Faults: USAGE-11, USAGE-08, TRUST-08, DISK-*. */
export async function publishPolicy(request: PolicyRequest): Promise<PublishedPolicy> {
  const { point, durable } = request;
  const serial = 1 + Math.max(request.serialFloor, ...(await serialsOn(point)));
  const folder = path.dirname(onPoint(point, onDistributionPoint.policy(serial)));
  const staging = path.join(path.dirname(folder), `.${serial}.staging`);
  await durable.remove(staging);
  await durable.makeFolder(staging);
  const staged = await stagePolicy(request, serial, staging).catch(async thrown => {
    await durable.remove(staging).catch(() => {
      // The first fault is the one to tell; the next publish removes what is left.
    });
    throw thrown;
  });
  await durable.rename(staging, folder);
  await durable.replaceFile(
    onPoint(point, onDistributionPoint.policyPointer),
    encodeJson({ format: 'prestage-policy-pointer/1', serial }),
  );
  await removeOld(point, serial, durable);
  return staged;
}

/** Machine records first: policy pins them. */
async function stagePolicy(
  request: PolicyRequest,
  serial: number,
  staging: string,
): Promise<PublishedPolicy> {
  const { site, keys, access, key, durable } = request;
  const draft = makePolicy(request, serial);
  const machines = await machinesToPublish(site, draft, keys, access);
  const shards = path.join(staging, 'machines');
  const policy = policySchema.parse({ ...draft, ...(await publishMachines(machines, shards, durable)) });
  const bytes = encodeJson(policy);
  if (bytes.byteLength > POLICY_MAX_BYTES) {
    throw new Fault('TRUST-08', 'policy.json', {
      expected: `at most ${POLICY_MAX_BYTES} bytes`,
      found: bytes.byteLength,
    });
  }
  await durable.replaceFile(path.join(staging, 'policy.json'), bytes);
  await durable.replaceFile(path.join(staging, 'policy.json.sig'), signDetached('policy', bytes, key));
  return {
    policy,
    digest: createHash('sha256').update(bytes).digest('hex'),
    machines: machines.machines.length,
  };
}

function makePolicy({ site, content, now }: PolicyRequest, serial: number): Policy {
  return policySchema.parse({
    format: 'prestage-policy/1',
    site: site.site,
    serial,
    created: utcSeconds(now),
    expires: utcSeconds(new Date(now.getTime() + site.policyValidDays * DAY_MS)),
    content: content.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    taskSequences: site.taskSequences,
    deployments: site.deployments,
    variables: site.variables,
    collections: site.collections,
    boundaries: site.boundaries,
    sharedAdapters: site.sharedAdapters,
    ...(site.statusUrl !== undefined && { statusUrl: site.statusUrl }),
  });
}

/** A moment as signed documents write it: UTC, whole seconds. */
export function utcSeconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** Every serial number that the distribution point has: an interrupted publish may have left one that is not current. */
export async function serialsOn(point: string): Promise<readonly number[]> {
  const folder = path.dirname(onPoint(point, onDistributionPoint.policyPointer));
  const names = await readdir(folder).catch(() => []); // Absent: the first publish to this point.
  const serials = names.filter(name => /^[1-9][0-9]{0,14}$/.test(name)).map(Number);
  const pointer = await readFile(onPoint(point, onDistributionPoint.policyPointer), 'utf8').catch(
    () => undefined,
  );
  const current = pointer === undefined ? undefined : policyPointerSchema.safeParse(jsonOrNothing(pointer));
  return current?.success ? [...serials, current.data.serial] : serials;
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A damaged pointer is replaced below; the folders beside it tell the numbers as well.
    return undefined;
  }
}

async function removeOld(point: string, serial: number, durable: DurableFiles): Promise<void> {
  const folder = path.dirname(onPoint(point, onDistributionPoint.policyPointer));
  const others = (await serialsOn(point)).filter(other => other !== serial).toSorted((a, b) => b - a);
  for (const old of new Set(others.slice(POLICIES_KEPT - 1)))
    await durable.remove(path.join(folder, String(old)));
}
