// The YAML documents of a site folder, as an admin writes them. Their JSON Schemas are generated from here.
import { z } from 'zod';
import { hardwareDocumentSchema } from '../content/hardware.ts';
import { contentId, contentManifestSchema, contentType, contentVersion } from '../content/manifest.ts';
import {
  authoredDistributionPoint,
  authoredServerUrl,
  shortText,
  siteCode,
  utcTime,
  variableName,
  variables,
  wording,
} from '../document/fields.ts';
import { serverAccounts } from '../document/server-account.ts';
import { prestartSchema } from '../media/media-manifest.ts';
import {
  boundaryGroupSchema,
  deploymentSchema,
  namedCollectionSchema,
  osImageReference,
  taskSequenceFields,
  taskSequenceSchema,
} from '../policy/policy.ts';

/** Name of a key: its files are `<name>.pem` (private) and `<name>.pub` (public) in the key folder. */
export const keyName = wording(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
  'a key name of letters, digits, dot, dash, underscore',
);

const distributionPoints = z
  .array(authoredDistributionPoint)
  .max(64)
  .refine(
    points => points.length === 0 || points.some(({ template }) => template === undefined),
    'expected one without template: manifests and chunk indexes come from it',
  );
const managementPoints = z.array(authoredServerUrl).max(64);
const boundaryGroup = boundaryGroupSchema.extend({
  managementPoints: z.array(authoredServerUrl).max(64).default([]),
  distributionPoints: z.array(authoredDistributionPoint).max(64).default([]),
});

/** `site.yaml` */
export const siteSchema = z.strictObject({
  site: siteCode.meta({ description: 'Site code, three letters or digits.' }),
  name: shortText,
  distributionPoints: distributionPoints
    .default([])
    .meta({ description: 'Where machines fetch content. Lower priority is asked first.' }),
  managementPoints: managementPoints.default([]).meta({ description: 'Where machines fetch policy.' }),
  keys: z
    .strictObject({
      policy: keyName,
      media: keyName,
      machine: keyName.default('machine'),
      alsoPolicy: z.array(keyName).max(8).optional().meta({
        description:
          'Further keys whose policy media made from now on believe: the next one, before it signs. Only the .pub file is needed.',
      }),
      root: keyName.optional().meta({
        description:
          'The offline root key, which signs the list of revoked keys. Only the .pub file is needed.',
      }),
      depots: z.array(keyName).max(8).optional().meta({
        description: 'Keys of depots, which sign receipts of applied media. Only the .pub files are needed.',
      }),
    })
    .meta({
      description:
        'Names of the keys that sign policy and media, and of the one that encrypts machine records; see prestage keys new.',
    }),
  hideIdentifiers: z.boolean().optional().meta({
    description:
      'Whether collections that list serials, uuids or macs are told in encrypted machine records instead of in policy. Left out: with more than 500 identifiers.',
  }),
  policyValidDays: z.int().min(1).max(3650).default(90),
  variables: variables.default({}).meta({ description: 'Variables of every deployment of the site.' }),
  boundaries: z.array(boundaryGroup).max(10_000).default([]).meta({
    description:
      'Boundary groups: places and who serves them. Dynamic media ask these points as well; for all media they tell how near the points are.',
  }),
  sharedAdapters: z.array(z.string().min(1)).max(10_000).default([]).meta({
    description: 'MAC addresses of docks and adapters that many machines share: they identify no machine.',
  }),
  statusUrl: authoredServerUrl
    .optional()
    .meta({ description: 'Where status is sent; left out: `status` below the management point.' }),
});

/** `content/<folder>/content.yaml` */
export const contentSchema = z
  .strictObject({
    id: contentId,
    type: contentType,
    name: shortText,
    version: contentVersion,
    source: z
      .string('a folder, relative to this file')
      .min(1)
      .meta({ description: 'Folder with the files, relative to this file.' }),
    install: contentManifestSchema.shape.install,
    detection: contentManifestSchema.shape.detection,
    dependencies: contentManifestSchema.shape.dependencies,
    hardware: hardwareDocumentSchema.optional().meta({
      description:
        'Of a driver package: the machines that it is for. Left out: any that the media laid it for. See docs/drivers.md.',
    }),
  })
  .check(({ value, issues }) => {
    if (value.hardware === undefined || value.type === 'driver-package') return;
    issues.push({
      code: 'custom',
      input: value.hardware,
      path: ['hardware'],
      message: `only a driver package has hardware, and this is of type ${value.type}`,
    });
  });

/** `task-sequences/<ID>.yaml`; the file's name is the ID. */
export const taskSequenceDocumentSchema = z.strictObject({
  ...taskSequenceFields,
  drivers: taskSequenceFields.drivers.default('auto'),
  packages: taskSequenceFields.packages.default([]),
  applications: taskSequenceFields.applications.default([]),
  variables: taskSequenceFields.variables.default({}),
  steps: taskSequenceSchema.shape.steps.meta({
    description: 'What is done, step by step; left out: the default sequence. See docs/task-sequences.md.',
  }),
});

/** `deployments.yaml` */
export const deploymentsSchema = z.array(deploymentSchema, 'a list of deployments');

/** `collections.yaml` */
export const collectionsSchema = z.array(namedCollectionSchema, 'a list of collections').max(10_000);

/** `media/<name>.yaml`; what is left out follows the task sequence or the site. */
export const mediaDocumentSchema = z
  .strictObject({
    taskSequence: contentId.meta({
      description: 'Reference task sequence: what it refers to goes onto the media.',
    }),
    bootImage: contentId
      .optional()
      .meta({ description: 'Boot image content whose files become the EFI system partition.' }),
    osImage: osImageReference.optional(),
    applications: z.array(contentId).optional(),
    packages: z.array(contentId).optional(),
    driverPackages: z.array(contentId).optional(),
    agent: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'The agent’s executable, relative to the site folder, laid onto the volume.' }),
    distributionPoints: distributionPoints.optional(),
    managementPoints: managementPoints.optional(),
    management: z.enum(['site', 'dynamic']).default('site').meta({
      description:
        'site: only the points named here. dynamic: policy’s boundary groups may name nearer ones.',
    }),
    unknownComputers: z.boolean().default(true).meta({
      description: 'Whether this media serves machines that machines.yaml does not know.',
    }),
    variables: variables
      .default({})
      .meta({ description: 'The lowest level: whatever policy sets overrides it.' }),
    secret: z.array(variableName).default([]).meta({
      description:
        'Names of variables whose values are never shown. On the media they lie encrypted, so it needs a password.',
    }),
    accounts: serverAccounts.default([]).meta({
      description:
        'Accounts for web servers and proxies that want one. On the media they lie encrypted, so it needs a password. See docs/sources.md.',
    }),
    prestart: prestartSchema.optional().meta({
      description: 'A command that runs in WinPE before policy is asked for, and may set variables.',
    }),
    password: z.boolean().default(false).meta({
      description:
        'Whether a password protects the secrets of the media. It is asked for when the media is made, and again at each computer.',
    }),
    receipt: z.enum(['optional', 'required']).default('optional').meta({
      description:
        'required: a computer whose disk no depot of `keys.depots` has vouched for is not deployed. See docs/depot.md.',
    }),
    validFrom: utcTime.optional().meta({ description: 'UTC; left out: from the moment it is made.' }),
    validUntil: utcTime.optional().meta({ description: 'UTC; instead of validDays.' }),
    validDays: z.int().min(1).max(3650).optional().meta({
      description: 'Counted from validFrom; 365 when validUntil is left out, too.',
    }),
    createdBy: shortText,
    version: shortText.default('1'),
    comment: z.string().max(4096).optional(),
    unattended: z.boolean().default(true).meta({ description: 'Deploy without anybody to answer.' }),
    allowOffline: z
      .boolean()
      .default(false)
      .meta({ description: 'Whether the policy on the media may be followed when no server is reached.' }),
  })
  .check(({ value, issues }) => {
    const { validFrom, validUntil, validDays } = value;
    if (validUntil !== undefined && validDays !== undefined)
      issues.push({
        code: 'custom',
        input: validDays,
        path: ['validDays'],
        message: 'expected validDays or validUntil, found both',
      });
    if (
      validFrom !== undefined &&
      validUntil !== undefined &&
      Date.parse(validUntil) <= Date.parse(validFrom)
    )
      issues.push({
        code: 'custom',
        input: validUntil,
        path: ['validUntil'],
        message: `expected a time after validFrom, ${validFrom}`,
      });
  });

export type SiteDocument = Readonly<z.infer<typeof siteSchema>>;
export type ContentDocument = Readonly<z.infer<typeof contentSchema>>;
export type MediaDocument = Readonly<z.infer<typeof mediaDocumentSchema>>;
