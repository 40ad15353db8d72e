// What a publish does about single machines: puts together what the site's documents say of each, hides who is in a collection where that is
// wished, and seals the records beside policy.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import type { Policy } from '../policy/policy.ts';
import { recordsKey, stateKey } from '../trust/machine-key.ts';
import { hideIdentifiers, hidesIdentifiers, type Naming } from './hidden-identifiers.ts';
import { type KeyAccess, requireMachineKey } from './key-files.ts';
import { type DescribedMachine, type KnownMachine, knownMachines } from './known-machines.ts';
import { BLOB_MAX_BYTES } from './machine-issues.ts';
import type { Site } from './read-site.ts';
import { sealMachines } from './seal-machines.ts';

/** What there is to publish of single machines; `key` (that of records) is absent when there is nothing. */
export interface MachinesToPublish extends Naming {
  readonly machines: readonly KnownMachine[];
  readonly key?: Uint8Array;
}

/** @param keys folder of the key files. Faults: USAGE-11 a key is needed and absent, USAGE-08 a domain join blob. */
export async function machinesToPublish(
  site: Site,
  naming: Naming,
  keys: string,
  access: KeyAccess = {},
): Promise<MachinesToPublish> {
  const hides = hidesIdentifiers(site, naming);
  if (site.machines.length + site.associations.length === 0 && !hides) return { ...naming, machines: [] };
  const root = await requireMachineKey(keys, site.keys.machine, access);
  const described: DescribedMachine[] = [];
  for (const machine of site.machines) {
    const { domainJoinBlob } = machine;
    described.push(
      domainJoinBlob === undefined
        ? machine
        : { ...machine, blob: await readBlob(path.resolve(site.folder, domainJoinBlob)) },
    );
  }
  const register = knownMachines(described, site.associations, id => stateKey(root, id));
  const told = hides ? hideIdentifiers(naming, register) : naming;
  return { ...told, machines: register.machines, key: recordsKey(root) };
}

/** Seals the records into `folder`, below the policy that pins them. @returns the parts of policy that they decide. */
export async function publishMachines(
  { machines, key, collections, deployments }: MachinesToPublish,
  folder: string,
  durable: DurableFiles,
): Promise<Pick<Policy, 'collections' | 'deployments' | 'machines'>> {
  const told = { collections: [...collections], deployments: [...deployments] };
  if (key === undefined || machines.length === 0) return told;
  return { ...told, machines: await sealMachines(machines, key, folder, durable) };
}

async function readBlob(file: string): Promise<string> {
  const bytes = await readFile(file).catch(cause => {
    throw new Fault('USAGE-08', file, { expected: 'a domain join blob' }, { cause });
  });
  if (bytes.byteLength > BLOB_MAX_BYTES)
    throw new Fault('USAGE-08', file, {
      expected: `at most ${BLOB_MAX_BYTES} bytes`,
      found: bytes.byteLength,
    });
  return bytes.toString('base64');
}
