// The content manifest: what one version of one content item consists of. Its own SHA-256 is the content's digest, which policy and
// media pin, so that a distribution point need not be trusted.
import { z } from 'zod';
import { hardwareSchema } from './hardware.ts';
import { PATH_MAX_UNITS } from './manifest-path.ts';

/** Cap on a manifest document, before it is parsed. 100,000 files need about 20 MB. */
export const MANIFEST_MAX_BYTES = 64 * 1024 * 1024;

/** Lower-case hex SHA-256. */
export const sha256Text = z.string().regex(/^[0-9a-f]{64}$/, 'a lower-case hex SHA-256');

/** `ABC00012`: three letters or digits of the site and five hex digits, as Configuration Manager writes package IDs. */
export const contentId = z.string().regex(/^[A-Z0-9]{3}[0-9A-F]{5}$/, 'a content ID such as ABC00012');

/** A version is part of folder names on the distribution point and in the cache. */
export const contentVersion = z
  .string()
  .regex(/^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$/, 'letters, digits, dot, dash, underscore; 64 at most');

export const contentType = z.enum(['application', 'package', 'driver-package', 'os-image', 'boot-image']);

/** One file: path relative to the item's folder, `/` between names; `chunks` for files of more than one chunk. */
const manifestFile = z.strictObject({
  path: z.string().min(1).max(PATH_MAX_UNITS),
  size: z.int().nonnegative(),
  sha256: sha256Text,
  chunks: z.strictObject({ count: z.int().min(2), sha256: sha256Text }).optional(),
});

const exitCodeList = z.array(z.int());

/** One command of an application or package; run with the item's folder as its working directory. */
const installCommand = z.strictObject({
  command: z.string().min(1).max(8192),
  /** Exit codes that mean success besides 0 and 1707. */
  successCodes: exitCodeList.optional(),
  /** Exit codes that mean success and a restart, besides 3010 (soft: when all is done) and 1641 (hard: before anything else). */
  restartCodes: z.strictObject({ soft: exitCodeList.optional(), hard: exitCodeList.optional() }).optional(),
  timeoutMinutes: z
    .number()
    .positive()
    .max(24 * 60)
    .optional(),
});

const scriptTimeout = { timeoutMinutes: z.number().positive().max(60).optional() } as const;

/** One question to the machine. Environment variables in paths are expanded; versions and `atLeast` hold for the same and anything later. */
const detectionRules = [
  z.strictObject({ file: z.string().min(1), version: z.string().optional() }),
  z.strictObject({
    registryKey: z.string().min(1),
    value: z.string().optional(),
    /** Compared as text; numbers of the registry are written in decimal. */
    equals: z.union([z.string(), z.int()]).optional(),
    /** Numbers and versions, compared part by part: 1.10 is later than 1.9. */
    atLeast: z
      .union([z.string().regex(/^\d+(\.\d+)*$/, 'a number or version such as 1.10'), z.int()])
      .optional(),
  }),
  z.strictObject({
    productCode: z.string().regex(/^\{[0-9A-Fa-f-]{36}\}$/),
    version: z.string().optional(),
  }),
] as const;

/** Answers by what it prints: exit code 0 and any text mean installed, exit code 0 and nothing mean not installed. */
const detectionScripts = [
  z.strictObject({
    script: z.string().regex(/\.(ps1|cmd|bat)$/i, 'a .ps1, .cmd or .bat file of the item'),
    ...scriptTimeout,
  }),
  z.strictObject({ powershell: z.string().min(1).max(65_536), ...scriptTimeout }),
] as const;

/** How to tell that an application is already there. All clauses of a list must hold; in `any` one is enough. */
const detectionClause: z.ZodType<DetectionClause> = z.lazy(() =>
  // One flat union, so that a mistake is told of the form that was meant.
  z.union([
    ...detectionRules,
    ...detectionScripts,
    z.strictObject({ any: z.array(detectionClause).min(1).max(100) }),
    z.strictObject({ all: z.array(detectionClause).min(1).max(100) }),
  ]),
);

export type DetectionRule = z.infer<(typeof detectionRules)[number]>;
export type DetectionScript = z.infer<(typeof detectionScripts)[number]>;
export type DetectionClause =
  | DetectionRule
  | DetectionScript
  | { readonly any: readonly DetectionClause[] }
  | { readonly all: readonly DetectionClause[] };

export const contentManifestSchema = z.strictObject({
  format: z.literal('prestage-content/1'),
  id: contentId,
  version: contentVersion,
  type: contentType,
  name: z.string().min(1).max(256),
  files: z.array(manifestFile).max(500_000),
  install: z.array(installCommand).optional(),
  detection: z.array(detectionClause).optional(),
  dependencies: z.array(contentId).optional(),
});

export type ContentType = z.infer<typeof contentType>;
export type ManifestFile = Readonly<z.infer<typeof manifestFile>>;
export type InstallCommand = Readonly<z.infer<typeof installCommand>>;
export type ContentManifest = Readonly<z.infer<typeof contentManifestSchema>>;

/** What policy and media say of a content item: enough to find its manifest and to prove it. */
export const contentReferenceSchema = z.strictObject({
  id: contentId,
  version: contentVersion,
  type: contentType,
  name: z.string().min(1).max(256),
  /** SHA-256 of the manifest's bytes. */
  digest: sha256Text,
  manifestBytes: z.int().positive().max(MANIFEST_MAX_BYTES),
  totalBytes: z.int().nonnegative(),
  /** Of a driver package: which machines it is for. No part of the manifest, so it changes without a new version. */
  hardware: hardwareSchema.optional(),
});
export type ContentReference = Readonly<z.infer<typeof contentReferenceSchema>>;
