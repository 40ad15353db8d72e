// Reads a site folder whole, and tells every mistake of every document at once.
import path from 'node:path';
import type { z } from 'zod';
import { contentId } from '../content/manifest.ts';
import { type Decoded, tryDecodeYaml, YAML_MAX_BYTES } from '../document/decode-yaml.ts';
import type { FaultCode } from '../fault/catalogue.ts';
import { Fault } from '../fault/fault.ts';
import type { Deployment, NamedCollection, TaskSequence } from '../policy/policy.ts';
import { boundaryIssues } from './boundary-issues.ts';
import { collectionIssues } from './collection-issues.ts';
import {
  type AssociationDocument,
  associationsSchema,
  MACHINES_MAX_BYTES,
  type MachineDocument,
  machinesSchema,
} from './machine-documents.ts';
import { machineIssues } from './machine-issues.ts';
import { moveAccounts } from './media-accounts.ts';
import { receiptIssues } from './receipt-issues.ts';
import { secretIssues } from './secret-issues.ts';
import {
  type ContentDocument,
  collectionsSchema,
  contentSchema,
  deploymentsSchema,
  keyName,
  type MediaDocument,
  mediaDocumentSchema,
  type SiteDocument,
  siteSchema,
  taskSequenceDocumentSchema,
} from './site-documents.ts';
import { misnamedInRoot, namesIn, readSiteFile, type SiteNames } from './site-files.ts';
import { referenceIssues } from './site-references.ts';
import { variableIssues } from './variable-issues.ts';

/** A document with the place of each of its parts, for messages. */
export interface Located<T> {
  readonly value: T;
  locate(path: readonly PropertyKey[]): string;
}

export interface SiteContent extends ContentDocument {
  /** Absolute folder of the files. */
  readonly sourceFolder: string;
}

export interface SiteMedia extends MediaDocument {
  readonly name: string;
}

/** A site as its author wrote it; every reference inside it resolves. */
export interface Site extends SiteDocument {
  readonly folder: string;
  /** What was taken out of addresses and goes sealed onto media, a sentence for each. */
  readonly moved: readonly string[];
  readonly content: readonly SiteContent[];
  readonly taskSequences: readonly TaskSequence[];
  readonly deployments: readonly Deployment[];
  readonly collections: readonly NamedCollection[];
  readonly media: readonly SiteMedia[];
  readonly machines: readonly MachineDocument[];
  readonly associations: readonly AssociationDocument[];
}

/** A mistake and the code that it has when it stands alone. */
export interface SiteIssue {
  readonly code: Extract<FaultCode, 'USAGE-02' | 'USAGE-04' | 'USAGE-05' | 'USAGE-08'>;
  readonly text: string;
}

/** Every document of a site that could be decoded, with its places. */
export interface SiteDocuments {
  readonly site: Located<SiteDocument> | undefined;
  readonly content: readonly Located<SiteContent>[];
  readonly taskSequences: readonly Located<TaskSequence>[];
  readonly deployments: Located<readonly Deployment[]> | undefined;
  readonly collections: Located<readonly NamedCollection[]> | undefined;
  readonly media: readonly Located<SiteMedia>[];
  readonly machines: Located<readonly MachineDocument[]> | undefined;
  readonly associations: Located<readonly AssociationDocument[]> | undefined;
  /** IDs of content and task sequences whose documents are there but have mistakes, and `collections.yaml`: a reference to one of them leads somewhere. */
  readonly unread: ReadonlySet<string>;
  /** Whether every folder of documents could be listed: else nobody knows where references lead. */
  readonly isComplete: boolean;
}

/**
 * Faults: USAGE-03 no site.yaml; else one fault for all documents together, every mistake in `detail.issues`: USAGE-04 when all are IDs used
 * twice, USAGE-05 when all are references to something unknown, USAGE-08 when all are files that cannot be read, USAGE-02 otherwise.
 * @param pending documents that are not written yet, by their path in the site: read in place of those on the disk.
 */
export async function readSite(
  folder: string,
  pending: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<Site> {
  const root = path.resolve(folder);
  const issues: SiteIssue[] = [];
  const { documents, moved, ...accounts } = moveAccounts(await readDocuments(root, issues, pending));
  issues.push(...accounts.issues);
  if (documents.isComplete) {
    issues.push(
      ...(await referenceIssues(documents)),
      ...variableIssues(documents),
      ...secretIssues(documents),
      ...receiptIssues(documents),
      ...boundaryIssues(documents),
      ...collectionIssues(documents),
      ...(await machineIssues(documents, root)),
    );
  }
  const { site } = documents;
  if (issues.length > 0 || site === undefined) throw siteFault(folder, issues);
  return {
    ...site.value,
    folder: root,
    moved,
    content: documents.content.map(each => each.value),
    taskSequences: documents.taskSequences.map(each => each.value),
    deployments: documents.deployments?.value ?? [],
    collections: documents.collections?.value ?? [],
    media: documents.media.map(each => each.value),
    machines: documents.machines?.value ?? [],
    associations: documents.associations?.value ?? [],
  };
}

async function readDocuments(
  root: string,
  issues: SiteIssue[],
  pending: ReadonlyMap<string, Uint8Array>,
): Promise<SiteDocuments> {
  const misnamed = await misnamedInRoot(root);
  const read = async <S extends z.ZodType>(
    file: string,
    schema: S,
    maxBytes = YAML_MAX_BYTES,
  ): Promise<Read<z.infer<S>>> => {
    const bytes = pending.get(file) ?? (await readSiteFile(root, file, maxBytes));
    if (bytes === undefined) return { document: undefined, bytes };
    if (!(bytes instanceof Uint8Array)) {
      issues.push(bytes);
      return { document: undefined, bytes: new Uint8Array() };
    }
    const decoded: Decoded<z.infer<S>> = tryDecodeYaml(bytes, schema, { file, maxBytes });
    if (decoded.ok) return { document: decoded, bytes };
    issues.push(...decoded.issues.map(text => ({ code: 'USAGE-02', text }) as const));
    return { document: undefined, bytes };
  };
  const listings: SiteNames[] = [];
  const list = async (folder: string, kind: 'folders' | 'yaml'): Promise<readonly string[]> => {
    const listing = await namesIn(root, folder, kind);
    listings.push(listing);
    issues.push(...listing.issues);
    return listing.names;
  };
  const site = await read('site.yaml', siteSchema);
  if (site.bytes === undefined)
    throw new Fault('USAGE-03', root, {
      expected: 'site.yaml',
      ...(misnamed.length > 0 && { found: misnamed.map(({ text }) => text) }),
    });
  issues.push(...misnamed);
  const unread = new Set<string>();
  const content: Located<SiteContent>[] = [];
  for (const name of await list('content', 'folders')) {
    const file = `content/${name}/content.yaml`;
    const { document, bytes } = await read(file, contentSchema);
    if (document === undefined) {
      if (bytes === undefined) issues.push({ code: 'USAGE-02', text: `${file}: required, but absent` });
      // Folders usually bear the ID.
      unread.add(name).add(idIn(bytes));
      continue;
    }
    const sourceFolder = path.resolve(root, 'content', name, document.value.source);
    content.push({ value: { ...document.value, sourceFolder }, locate: document.locate });
  }
  const taskSequences: Located<TaskSequence>[] = [];
  for (const name of await list('task-sequences', 'yaml')) {
    const { document } = await read(`task-sequences/${name}.yaml`, taskSequenceDocumentSchema);
    const id = contentId.safeParse(name);
    if (!id.success)
      issues.push({
        code: 'USAGE-02',
        text: `task-sequences/${name}.yaml: expected a name such as ABC00020.yaml, the task sequence's ID`,
      });
    else if (document !== undefined)
      taskSequences.push({ value: { id: id.data, ...document.value }, locate: document.locate });
    else unread.add(id.data);
  }
  const { document: deployments } = await read('deployments.yaml', deploymentsSchema);
  const { document: collections, bytes: collectionBytes } = await read('collections.yaml', collectionsSchema);
  if (collections === undefined && collectionBytes !== undefined) unread.add('collections.yaml');
  const media: Located<SiteMedia>[] = [];
  for (const name of await list('media', 'yaml')) {
    const { document } = await read(`media/${name}.yaml`, mediaDocumentSchema);
    if (!keyName.safeParse(name).success)
      issues.push({
        code: 'USAGE-02',
        text: `media/${name}.yaml: expected a name of letters, digits, dot, dash, underscore`,
      });
    else if (document !== undefined)
      media.push({ value: { name, ...document.value }, locate: document.locate });
  }
  const { document: machines } = await read('machines.yaml', machinesSchema, MACHINES_MAX_BYTES);
  const { document: associations } = await read('associations.yaml', associationsSchema);
  return {
    site: site.document,
    content,
    taskSequences,
    deployments,
    collections,
    media,
    machines,
    associations,
    unread,
    isComplete: listings.every(({ isKnown }) => isKnown),
  };
}

/** A document when it decodes; its bytes when there is anything under its name. */
interface Read<T> {
  readonly document: Located<T> | undefined;
  readonly bytes: Uint8Array | undefined;
}

/** Of a content document that does not decode, as far as it can be seen; else empty text, which no reference is. */
function idIn(document: Uint8Array = new Uint8Array()): string {
  return /^id:\s*["']?([A-Za-z0-9]{8})\b/m.exec(Buffer.from(document).toString('utf8'))?.[1] ?? '';
}

function siteFault(folder: string, issues: readonly SiteIssue[]): Fault {
  const codes = new Set(issues.map(issue => issue.code));
  const [only] = codes;
  return new Fault(codes.size === 1 && only !== undefined ? only : 'USAGE-02', folder, {
    issues: issues.map(issue => issue.text),
  });
}
