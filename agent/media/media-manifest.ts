// The media manifest: who made a prestaged media, until when it is valid, what lies on it, and whom it believes. Signed; the root of all trust
// on the disk.
import { z } from 'zod';
import { contentId, contentReferenceSchema, sha256Text } from '../content/manifest.ts';
import { PATH_MAX_UNITS } from '../content/manifest-path.ts';
import {
  distributionPoint,
  serverUrl,
  shortText,
  siteCode,
  utcTime,
  variableName,
  variables,
} from '../document/fields.ts';
import { serverAccounts } from '../document/server-account.ts';
import { osImageReference } from '../policy/policy.ts';
import { publicKeyText } from '../trust/keys.ts';
import { passwordBoxSchema } from '../trust/password-box.ts';

/** Cap on a media manifest, before it is parsed. */
export const MEDIA_MAX_BYTES = 32 * 1024 * 1024;

/** Cap on the sidecar of a media file. */
export const MEDIA_FILE_MAX_BYTES = 64 * 1024;

/** One file as applying the media leaves it; path relative to the volume's root, `/` between names. */
export const mediaFileEntry = z.strictObject({
  path: z.string().min(1).max(PATH_MAX_UNITS),
  size: z.int().nonnegative(),
  sha256: sha256Text,
});

/** Run in WinPE before policy is asked for; may set variables. `content`: a package of the media whose folder is the working folder. */
export const prestartSchema = z.strictObject({
  command: z.string().min(1).max(8192),
  content: contentId.optional(),
  timeoutMinutes: z
    .number()
    .positive()
    .max(24 * 60)
    .default(60),
});

export const mediaManifestSchema = z
  .strictObject({
    format: z.literal('prestage-media/1'),
    mediaId: z.uuid(),
    name: shortText,
    site: siteCode,
    created: utcTime,
    validFrom: utcTime,
    validUntil: utcTime,
    createdBy: shortText,
    version: shortText,
    comment: z.string().max(4096).optional(),
    /** Keys that may vouch for policy. */
    policyKeys: z.array(publicKeyText).min(1).max(16),
    /** The lowest policy serial number that is not a replay. */
    policyFloor: z.int().min(0),
    managementPoints: z.array(serverUrl).max(64),
    distributionPoints: z.array(distributionPoint).max(64),
    /** `site`: only the management points named here. `dynamic`: policy's boundary groups may name nearer ones. */
    management: z.enum(['site', 'dynamic']).default('site'),
    /** Base64 of the site's 32 bytes that key the hash of machine records; whoever can read the media can read the records of machines it knows. */
    machineKey: z
      .string()
      .regex(/^[A-Za-z0-9+/]{43}=$/)
      .optional(),
    variables: variables.default({}),
    /** Names of variables whose values must never be shown; with `secrets` their values lie there and not in `variables`. */
    secret: z.array(variableName).default([]),
    /** What a password protects: a `mediaSecretsSchema` document. Then `machineKey` is in there, too. */
    secrets: passwordBoxSchema.optional(),
    /** Keys that may vouch for a receipt of the depot. */
    depotKeys: z.array(publicKeyText).max(8).default([]),
    /** `required`: without the receipt of one of them nothing is deployed. */
    receipt: z.enum(['optional', 'required']).default('optional'),
    /** The lowest serial number of a list of revoked keys that is not a replay; 0: there was none. */
    revocationFloor: z.int().min(0).default(0),
    prestart: prestartSchema.optional(),
    /** Whether machines that policy has no record of are served. */
    unknownComputers: z.boolean().default(true),
    unattended: z.boolean(),
    /** Whether the policy cached on the media may be followed when no newer one is to be had. */
    allowOffline: z.boolean(),
    /** The reference task sequence: its content is what was laid on the media. */
    taskSequence: contentId,
    osImage: osImageReference,
    /** What that image takes once it is applied, as its XML tells; left out where it does not. */
    osImageBytes: z.int().nonnegative().optional(),
    /** What lies in the cache. */
    content: z.array(contentReferenceSchema).max(10_000),
    /** Every file of the ESP. */
    esp: z.array(mediaFileEntry).max(100_000),
    /** Every file of the volume besides content: manifests, chunk indexes, cached policy, agent; not this document and its signature. */
    volume: z.array(mediaFileEntry).max(100_000),
  })
  .check(context => {
    const { content, osImage } = context.value;
    const ids = new Set<string>();
    for (const [index, { id }] of content.entries()) {
      if (ids.has(id))
        context.issues.push({
          code: 'custom',
          input: id,
          path: ['content', index, 'id'],
          message: `${id} is used twice`,
        });
      ids.add(id);
    }
    if (content.find(({ id }) => id === osImage.id)?.type !== 'os-image') {
      context.issues.push({
        code: 'custom',
        input: osImage.id,
        path: ['osImage', 'id'],
        message: `no OS image of the content has the ID ${osImage.id}`,
      });
    }
  });

/** What `secrets` holds once it is opened. */
export const mediaSecretsSchema = z.strictObject({
  format: z.literal('prestage-media-secrets/1'),
  variables,
  /** For web servers and proxies, each for its own. */
  accounts: serverAccounts.optional(),
  machineKey: z
    .string()
    .regex(/^[A-Za-z0-9+/]{43}=$/)
    .optional(),
});
export type MediaSecrets = Readonly<z.infer<typeof mediaSecretsSchema>>;

export type MediaFileEntry = Readonly<z.infer<typeof mediaFileEntry>>;
export type MediaManifest = Readonly<z.infer<typeof mediaManifestSchema>>;

/** The signed sidecar `<name>.wim.json` that travels with a media file: the first of the three proofs. */
export const mediaFileSchema = z.strictObject({
  format: z.literal('prestage-media-file/1'),
  mediaId: z.uuid(),
  /** Name of the WIM, without folder. */
  file: z
    .string()
    .regex(/^[^/\\:]+$/, 'a file name without folder')
    .max(255),
  size: z.int().positive(),
  sha256: sha256Text,
  /** SHA-256 of the media manifest inside. */
  manifestSha256: sha256Text,
});
export type MediaFile = Readonly<z.infer<typeof mediaFileSchema>>;
