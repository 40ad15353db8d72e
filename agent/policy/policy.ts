// The policy document: what the site offers to its machines, signed, and naming every content item by digest.
import { z } from 'zod';
import { contentId, contentReferenceSchema, sha256Text } from '../content/manifest.ts';
import { distributionPoint, serverUrl, shortText, siteCode, utcTime, variables } from '../document/fields.ts';
import { collectionName } from './machine-record.ts';
import { policyStepSchema } from './sequence-step.ts';
import { stepReferences } from './step-references.ts';

/** Cap on a policy document, before it is parsed. */
export const POLICY_MAX_BYTES = 16 * 1024 * 1024;

/** Which image of which OS image content. */
export const osImageReference = z.strictObject({ id: contentId, index: z.int().min(1).max(1024) });

/** What a task sequence does, as its author writes it and policy carries it. */
export const taskSequenceFields = {
  name: shortText,
  osImage: osImageReference,
  drivers: z
    .union([z.literal('auto'), z.array(contentId)], 'auto or a list of content IDs')
    .meta({ description: 'auto: every driver package that fits the machine; or the driver packages by ID.' }),
  packages: z.array(contentId),
  applications: z.array(contentId),
  variables,
} as const;

export const taskSequenceSchema = z.strictObject({
  id: contentId,
  ...taskSequenceFields,
  /** Left out: the default sequence, see plan/default-steps.ts. */
  steps: z.array(policyStepSchema).max(1000).optional(),
});

const texts = z.array(z.string().min(1)).max(100_000).optional();

/** Which machines belong to a collection: those that match every list given (any entry of it, without regard to case). */
export const collectionLists = z
  .strictObject({
    serials: texts,
    uuids: texts,
    macs: texts,
    models: texts,
    manufacturers: texts,
    skus: texts,
    assetTags: texts,
    /** IPv4 or IPv6 networks, `10.1.0.0/16`. */
    subnets: texts,
  })
  .refine(
    lists => Object.values(lists).some(list => list !== undefined),
    'expected at least one of serials, uuids, macs, models, manufacturers, skus, assetTags, subnets',
  );

/**
 * Machines that a deployment is for. `all`; `unknown`: those that policy has no record of; the name of a collection; or lists. In policy a name may
 * stand for members that only their own machine records tell.
 */
export const collectionSchema = z.union(
  [z.literal('all'), z.literal('unknown'), collectionName, collectionLists],
  'all, unknown, the name of a collection, or lists of serials, uuids, macs, models, manufacturers, skus, assetTags or subnets',
);

/** A named collection. Without a rule its members are the machines whose records name it. */
export const namedCollectionSchema = z.strictObject({
  name: collectionName,
  rule: z.union([z.literal('all'), z.literal('unknown'), collectionLists]).optional(),
  variables: variables.default({}),
});

/** When a deployment is offered, both ends included; judged against a clock that signed documents and the server bound. */
export const scheduleSchema = z.strictObject({ from: utcTime.optional(), until: utcTime.optional() });

/** As many as fit into one level of nearness, one behind the other (boundary.ts). */
const NEIGHBOURS_MAX = 8;

const places = z.array(z.string().min(1)).max(10_000).optional();

/**
 * A place and who serves it. Dynamic media ask these points as well; for all media they tell how near the points are. What nobody has written is absent,
 * so that policy stays as it was for agents that know only subnets.
 */
export const boundaryGroupSchema = z.strictObject({
  name: shortText,
  /** IPv4 or IPv6 networks, `10.1.0.0/16`. */
  subnets: places,
  /** Addresses of default gateways. */
  gateways: places,
  /** Names of Active Directory sites. */
  adSites: places,
  /** Whether its points are everybody's, behind all others. */
  default: z.boolean().optional(),
  /** Names of the groups whose points are next, the nearest first. */
  neighbours: z.array(shortText).max(NEIGHBOURS_MAX).optional(),
  managementPoints: z.array(serverUrl).max(64).default([]),
  distributionPoints: z.array(distributionPoint).max(64).default([]),
});

/** Machine records lie in files beside policy, by a keyed hash of the machine's identifiers; policy pins each file. */
export const machineShardsSchema = z.strictObject({
  /** SHA-256 of each shard's bytes, by its number. */
  digests: z.array(sha256Text).min(1).max(4096),
  /** Of the records key: media with another one find no record. */
  keyId: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
});

/** Where Configuration Manager's "Make available to the following" lets a deployment be seen. */
export const makeAvailableTo = z.enum(['clients', 'clients-media-pxe', 'media-pxe', 'media-pxe-hidden']);

export const deploymentSchema = z.strictObject({
  id: contentId,
  taskSequence: contentId,
  collection: collectionSchema,
  purpose: z.enum(['required', 'available']),
  makeAvailableTo,
  schedule: scheduleSchema.optional(),
});

export const policySchema = z
  .strictObject({
    format: z.literal('prestage-policy/1'),
    site: siteCode,
    /** Grows with each publish; a lower one than known is a replay. */
    serial: z.int().min(1),
    created: utcTime,
    expires: utcTime,
    /** Variables of the whole site. */
    variables: variables.default({}),
    content: z.array(contentReferenceSchema).max(10_000),
    taskSequences: z.array(taskSequenceSchema).max(10_000),
    deployments: z.array(deploymentSchema).max(10_000),
    collections: z.array(namedCollectionSchema).max(10_000).default([]),
    machines: machineShardsSchema.optional(),
    boundaries: z.array(boundaryGroupSchema).max(10_000).default([]),
    /** MAC addresses of docks and adapters that many machines share: they identify none. */
    sharedAdapters: z.array(z.string().min(1)).max(10_000).default([]),
    /** Where status goes, in place of `status` below the management point. */
    statusUrl: serverUrl.optional(),
  })
  .check(context => {
    for (const { path, text } of unresolvedReferences(context.value)) {
      context.issues.push({ code: 'custom', input: context.value, path: [...path], message: text });
    }
  });

export type TaskSequence = Readonly<z.infer<typeof taskSequenceSchema>>;
export type Collection = z.infer<typeof collectionSchema>;
export type CollectionLists = Readonly<z.infer<typeof collectionLists>>;
export type NamedCollection = Readonly<z.infer<typeof namedCollectionSchema>>;
export type BoundaryGroup = Readonly<z.infer<typeof boundaryGroupSchema>>;
export type Deployment = Readonly<z.infer<typeof deploymentSchema>>;
export type Policy = Readonly<z.infer<typeof policySchema>>;

/** One reference that leads nowhere or to the wrong kind, or an ID used twice. */
export interface Unresolved {
  readonly path: readonly (string | number)[];
  readonly text: string;
}

type References = Pick<Policy, 'content' | 'taskSequences' | 'deployments'>;

/** @returns every reference inside a policy that does not resolve. */
export function unresolvedReferences({ content, taskSequences, deployments }: References): Unresolved[] {
  const types = new Map(content.map(item => [item.id, item.type]));
  const sequences = new Set(taskSequences.map(sequence => sequence.id));
  return [
    ...repeated('content', content),
    ...repeated('taskSequences', taskSequences),
    ...repeated('deployments', deployments),
    ...taskSequences.flatMap((sequence, index) =>
      unresolvedContent(sequence, types).map(each => ({
        ...each,
        path: ['taskSequences', index, ...each.path],
      })),
    ),
    ...deployments.flatMap((deployment, index) =>
      sequences.has(deployment.taskSequence)
        ? []
        : [
            {
              path: ['deployments', index, 'taskSequence'],
              text: `no task sequence has the ID ${deployment.taskSequence}`,
            },
          ],
    ),
  ];
}

/** @returns what a task sequence names that is not there or is of another type; `path` starts at the task sequence. */
export function unresolvedContent(
  sequence: Pick<TaskSequence, 'osImage' | 'drivers' | 'packages' | 'applications' | 'steps'>,
  types: ReadonlyMap<string, string>,
): Unresolved[] {
  const wanted: readonly (readonly [readonly (string | number)[], string, string])[] = [
    [['osImage', 'id'], sequence.osImage.id, 'os-image'],
    ...(sequence.drivers === 'auto' ? [] : sequence.drivers).map(
      (id, at) => [['drivers', at], id, 'driver-package'] as const,
    ),
    ...sequence.packages.map((id, at) => [['packages', at], id, 'package'] as const),
    ...sequence.applications.map((id, at) => [['applications', at], id, 'application'] as const),
    ...stepReferences(sequence.steps).map(({ path, id, type }) => [path, id, type] as const),
  ];
  return wanted.flatMap(([path, id, type]) => {
    const found = types.get(id);
    if (found === type) return [];
    return [
      {
        path,
        text:
          found === undefined
            ? `no content has the ID ${id}`
            : `expected content of type ${type}, found ${id} of type ${found}`,
      },
    ];
  });
}

function repeated(name: string, items: readonly { readonly id: string }[]): Unresolved[] {
  const seen = new Set<string>();
  return items.flatMap(({ id }, index) => {
    const again = seen.has(id);
    seen.add(id);
    return again ? [{ path: [name, index, 'id'], text: `${id} is used twice` }] : [];
  });
}
