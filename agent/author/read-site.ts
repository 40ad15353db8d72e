// Reads a site folder whole, and tells every mistake of every document at once.
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { contentId } from '../content/manifest.ts';
import { type Decoded, tryDecodeYaml } from '../document/decode-yaml.ts';
import type { FaultCode } from '../fault/catalogue.ts';
import { Fault } from '../fault/fault.ts';
import type { Deployment, NamedCollection, TaskSequence } from '../policy/policy.ts';
import { collectionIssues } from './collection-issues.ts';
import {
  type AssociationDocument,
  associationsSchema,
  MACHINES_MAX_BYTES,
  type MachineDocument,
  machinesSchema,
} from './machine-documents.ts';
import { machineIssues } from './machine-issues.ts';
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
  readonly code: Extract<FaultCode, 'USAGE-02' | 'USAGE-04' | 'USAGE-05'>;
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
  /** IDs of content and task sequences whose documents are there but have mistakes: a reference to one of them leads somewhere. */
  readonly unread: ReadonlySet<string>;
}

/**
 * Faults: USAGE-03 no site.yaml; else one fault for all documents together, every mistake in `detail.issues`: USAGE-04 when all are IDs used
 * twice, USAGE-05 when all are references to something unknown, USAGE-02 otherwise.
 * @param pending documents that are not written yet, by their path in the site: read in place of those on the disk.
 */
export async function readSite(
  folder: string,
  pending: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<Site> {
  const root = path.resolve(folder);
  const issues: SiteIssue[] = [];
  const documents = await readDocuments(root, issues, pending);
  issues.push(
    ...(await referenceIssues(documents)),
    ...variableIssues(documents),
    ...collectionIssues(documents),
    ...(await machineIssues(documents, root)),
  );
  const { site } = documents;
  if (issues.length > 0 || site === undefined) throw siteFault(folder, issues);
  return {
    ...site.value,
    folder: root,
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
  const read = async <S extends z.ZodType>(
    file: string,
    schema: S,
    maxBytes?: number,
  ): Promise<Located<z.infer<S>> | undefined> => {
    const bytes = pending.get(file) ?? (await readOptional(path.join(root, file)));
    if (bytes === undefined) return undefined;
    const decoded: Decoded<z.infer<S>> = tryDecodeYaml(bytes, schema, {
      file,
      ...(maxBytes !== undefined && { maxBytes }),
    });
    if (decoded.ok) return decoded;
    issues.push(...decoded.issues.map(text => ({ code: 'USAGE-02', text }) as const));
    return undefined;
  };
  if ((await readOptional(path.join(root, 'site.yaml'))) === undefined)
    throw new Fault('USAGE-03', root, { expected: 'site.yaml' });
  const unread = new Set<string>();
  const site = await read('site.yaml', siteSchema);
  const content: Located<SiteContent>[] = [];
  for (const name of await namesIn(root, 'content', 'folders')) {
    const file = `content/${name}/content.yaml`;
    const document = await read(file, contentSchema);
    if (document === undefined) {
      const bytes = await readOptional(path.join(root, file));
      if (bytes === undefined) issues.push({ code: 'USAGE-02', text: `${file}: required, but absent` });
      else unread.add(idIn(bytes));
      continue;
    }
    const sourceFolder = path.resolve(root, 'content', name, document.value.source);
    content.push({ value: { ...document.value, sourceFolder }, locate: document.locate });
  }
  const taskSequences: Located<TaskSequence>[] = [];
  for (const name of await namesIn(root, 'task-sequences', 'yaml')) {
    const document = await read(`task-sequences/${name}.yaml`, taskSequenceDocumentSchema);
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
  const deployments = await read('deployments.yaml', deploymentsSchema);
  const collections = await read('collections.yaml', collectionsSchema);
  const media: Located<SiteMedia>[] = [];
  for (const name of await namesIn(root, 'media', 'yaml')) {
    const document = await read(`media/${name}.yaml`, mediaDocumentSchema);
    if (!keyName.safeParse(name).success)
      issues.push({
        code: 'USAGE-02',
        text: `media/${name}.yaml: expected a name of letters, digits, dot, dash, underscore`,
      });
    else if (document !== undefined)
      media.push({ value: { name, ...document.value }, locate: document.locate });
  }
  const machines = await read('machines.yaml', machinesSchema, MACHINES_MAX_BYTES);
  const associations = await read('associations.yaml', associationsSchema);
  return { site, content, taskSequences, deployments, collections, media, machines, associations, unread };
}

/** Of a content document that does not decode, as far as it can be seen; else empty text, which no reference is. */
function idIn(document: Uint8Array): string {
  return /^id:\s*["']?([A-Za-z0-9]{8})\b/m.exec(Buffer.from(document).toString('utf8'))?.[1] ?? '';
}

function siteFault(folder: string, issues: readonly SiteIssue[]): Fault {
  const codes = new Set(issues.map(issue => issue.code));
  const [only] = codes;
  return new Fault(codes.size === 1 && only !== undefined ? only : 'USAGE-02', folder, {
    issues: issues.map(issue => issue.text),
  });
}

async function readOptional(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file);
  } catch (cause) {
    if (isAbsent(cause)) return undefined;
    throw new Fault('USAGE-08', file, {}, { cause });
  }
}

/** Sorted, so that the same site always gives the same policy. Names that begin with a dot are editors' and tools' own. */
async function namesIn(root: string, folder: string, kind: 'folders' | 'yaml'): Promise<readonly string[]> {
  try {
    const found = await readdir(path.join(root, folder));
    const visible = found.filter(name => !name.startsWith('.')).toSorted();
    if (kind === 'yaml')
      return visible.filter(name => name.endsWith('.yaml')).map(name => name.slice(0, -'.yaml'.length));
    const isFolder = await Promise.all(
      visible.map(async name => (await stat(path.join(root, folder, name))).isDirectory()),
    );
    return visible.filter((_, index) => isFolder[index]);
  } catch (cause) {
    if (isAbsent(cause)) return [];
    throw new Fault('USAGE-08', path.join(root, folder), {}, { cause });
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
