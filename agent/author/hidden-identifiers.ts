// Collections that name machines, told in the machines' own records instead of in policy, which everybody can read. Pure.
import type { Identifier } from '../facts/identifiers.ts';
import type { Collection, CollectionLists, Deployment, NamedCollection } from '../policy/policy.ts';
import { identifier, identifiersIn, type MachineRegister } from './known-machines.ts';
import type { MachineDocument } from './machine-documents.ts';

/** With more identifiers than this a site hides them unless it says otherwise. */
export const HIDDEN_ABOVE = 500;

const KINDS = { serials: 'serial', uuids: 'uuid', macs: 'mac' } as const;

/** The parts of policy that may name machines. */
export interface Naming {
  readonly collections: readonly NamedCollection[];
  readonly deployments: readonly Deployment[];
}

/** What a site says that decides it. */
export interface HidingSite {
  readonly hideIdentifiers?: boolean | undefined;
  readonly machines: readonly MachineDocument[];
}

/** @returns whether collections that name machines are told in their records; false where there are none. */
export function hidesIdentifiers(site: HidingSite, naming: Naming): boolean {
  const lists = [
    ...naming.collections.map(({ rule }) => rule),
    ...naming.deployments.map(each => each.collection),
  ];
  const named = lists.flatMap(each => namingLists(each) ?? []).flatMap(identifiersOfLists);
  if (named.length === 0) return false;
  const described = site.machines.reduce((sum, machine) => sum + identifiersIn(machine).length, 0);
  return site.hideIdentifiers ?? named.length + described > HIDDEN_ABOVE;
}

/** @returns every identifier that lists of a collection name. */
export function identifiersOfLists(lists: CollectionLists): readonly Identifier[] {
  return (['serials', 'uuids', 'macs'] as const).flatMap(name =>
    (lists[name] ?? []).flatMap(text => identifier(KINDS[name], text)),
  );
}

/** Who matches several lists shows at the machine only. @returns whether a collection can be told in records. */
export function canBeHidden(lists: CollectionLists): boolean {
  return Object.values(lists).filter(list => list !== undefined).length === 1;
}

/** @returns the lists of a collection that name machines, undefined for any other collection. */
export function namingLists(collection: Collection | undefined): CollectionLists | undefined {
  if (typeof collection !== 'object') return undefined;
  return identifiersOfLists(collection).length === 0 ? undefined : collection;
}

/** Moves memberships into `register`. A deployment's own list becomes a collection `deployment <ID>`. */
export function hideIdentifiers({ collections, deployments }: Naming, register: MachineRegister): Naming {
  const join = (name: string, lists: CollectionLists): void => {
    for (const each of identifiersOfLists(lists))
      register.amend(register.have([each]), record => ({
        collections: [...new Set([...record.collections, name])],
      }));
  };
  const made: NamedCollection[] = [];
  const hidden = collections.map(({ rule, ...collection }) => {
    const lists = namingLists(rule);
    if (lists === undefined) return { ...collection, ...(rule !== undefined && { rule }) };
    join(collection.name, lists);
    return collection;
  });
  const renamed = deployments.map(deployment => {
    const lists = namingLists(deployment.collection);
    if (lists === undefined) return deployment;
    const name = generatedName(deployment.id);
    join(name, lists);
    made.push({ name, variables: {} });
    return { ...deployment, collection: name };
  });
  return { collections: [...hidden, ...made], deployments: renamed };
}

/** Name of the collection that a deployment's own list becomes. */
export function generatedName(deployment: string): string {
  return `deployment ${deployment}`;
}
