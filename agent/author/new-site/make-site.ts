// Makes a site folder that publishes as it is, or adds images to one that is there. Nothing that stands there is changed: a name that is taken by
// another thing is told before anything is written. site.yaml comes last, so that a cut leaves no half site; the next run completes it.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { nativeCodeOf } from '../../durable/disk-fault.ts';
import { Fault } from '../../fault/fault.ts';
import { createKey, createMachineKey, keyFiles, loadPublicKey, machineKeyFile } from '../key-files.ts';
import { readSite, type Site } from '../read-site.ts';
import { SITE_DOCUMENTS, schemaTexts } from '../site-schemas.ts';
import { agentDocument, baseDocuments } from './base-documents.ts';
import { contentDocuments } from './content-documents.ts';
import { bootImageDocument, imageDocuments } from './image-documents.ts';
import { type FileToLay, isLaid, type LayWorld, layFiles } from './lay-files.ts';
import { type OwnOsImage, ownBootImage, ownOsImage } from './own-images.ts';
import { DIGITS, EXAMPLE, idOf, type NewSite } from './site-names.ts';

/** What is left out is that of the example; of a site that is there, nothing of it can be given. */
export interface NewSiteRequest extends Partial<NewSite> {
  readonly folder: string;
  /** The OS image to deploy, a .wim file, and which image of it. */
  readonly osImage?: { readonly wim: string; readonly index: number };
  /** Folder whose files become the EFI system partition. */
  readonly bootImage?: string;
  readonly makeKeys: boolean;
}

export interface MadeSite {
  readonly folder: string;
  readonly site: string;
  /** Files written, by their path in the site. */
  readonly files: readonly string[];
  /** Names of the keys made. */
  readonly keys: readonly string[];
  /** Whether media/depot.yaml is real. */
  readonly hasMedia: boolean;
  readonly hasBootImage: boolean;
}

const KEYS = 'keys';

/** Faults: USAGE-09 names that are taken, all of them; USAGE-01, USAGE-07, USAGE-08, IMAGE-01..03; those of readSite for a site that is there; DISK-*, STOP-01. */
export async function makeSite(request: NewSiteRequest, world: LayWorld): Promise<MadeSite> {
  const root = path.resolve(request.folder);
  const before = await siteBefore(root, request);
  const names: NewSite =
    before === undefined
      ? {
          code: request.code ?? EXAMPLE.code,
          name: request.name ?? EXAMPLE.name,
          url: request.url ?? EXAMPLE.url,
        }
      : { ...EXAMPLE, code: before.site, name: before.name };
  const files = (digits: string): string => path.join(root, 'content', idOf(names, digits), 'files');
  const osImage =
    request.osImage && (await ownOsImage(request.osImage.wim, request.osImage.index, files(DIGITS.osImage)));
  const bootFiles =
    request.bootImage === undefined ? [] : await ownBootImage(request.bootImage, files(DIGITS.bootImage));
  const documents = documentsOf(names, before, osImage, bootFiles.length > 0);
  const toLay = [...(osImage === undefined ? [] : [osImage.file]), ...bootFiles];
  const pending = await notThere(root, documents, toLay, before === undefined && request.makeKeys);
  const keys = before === undefined && request.makeKeys ? await makeKeys(path.join(root, KEYS)) : [];
  await layFiles(pending.toLay, path.basename(request.osImage?.wim ?? request.bootImage ?? ''), world);
  const written = new Map(pending.documents);
  if (before === undefined && request.makeKeys) await addAgentDocument(root, written);
  for (const [name, text] of lastly(written, 'site.yaml')) {
    if (world.signal?.aborted) throw new Fault('STOP-01', 'init', {}, { cause: world.signal.reason });
    await world.durable.makeFolder(path.dirname(path.join(root, name)));
    await world.durable.replaceFile(path.join(root, name), Buffer.from(text));
  }
  const laid = pending.toLay.map(({ to }) => path.relative(root, to).split(path.sep).join('/'));
  return {
    folder: root,
    site: names.code,
    files: [...laid, ...written.keys()],
    keys,
    hasMedia: osImage !== undefined || (await isFile(path.join(root, 'media', 'depot.yaml'))),
    hasBootImage: await isFile(path.join(root, bootImageDocument(names)[0])),
  };
}

/** Writes the schemas of this version into a site that is there. @returns their paths in the site. Fault: USAGE-03. */
export async function refreshSchemas(
  folder: string,
  { durable }: Pick<LayWorld, 'durable'>,
): Promise<readonly string[]> {
  const root = path.resolve(folder);
  if (!(await isFile(path.join(root, 'site.yaml'))))
    throw new Fault('USAGE-03', root, { expected: 'site.yaml' });
  await durable.makeFolder(path.join(root, 'schemas'));
  const texts = schemaDocuments();
  for (const [name, text] of texts) await durable.replaceFile(path.join(root, name), Buffer.from(text));
  return [...texts.keys()];
}

/** The site that is there, when images are to be added to it. */
async function siteBefore(root: string, request: NewSiteRequest): Promise<Site | undefined> {
  const adds = request.osImage !== undefined || request.bootImage !== undefined;
  if (!adds || !(await isFile(path.join(root, 'site.yaml')))) return undefined;
  const site = await readSite(root);
  if (request.code !== undefined || request.name !== undefined || request.url !== undefined)
    throw new Fault('USAGE-01', '--site, --name, --url', {
      expected: `none of them: the site is there, ${site.site} ${site.name}`,
    });
  return site;
}

function documentsOf(
  names: NewSite,
  before: Site | undefined,
  osImage: OwnOsImage | undefined,
  hasBootFiles: boolean,
): ReadonlyMap<string, string> {
  const has = (digits: string): boolean => before === undefined || hasContent(before, idOf(names, digits));
  const own = (digits: string): readonly string[] => (has(digits) ? [idOf(names, digits)] : []);
  const withImage = imageDocuments(names, {
    images: osImage?.images ?? [],
    index: osImage?.index ?? 1,
    hasBootImage: hasBootFiles || hasContent(before, idOf(names, DIGITS.bootImage)),
    packages: own(DIGITS.package),
    applications: own(DIGITS.application),
  });
  return new Map([
    ...(before === undefined
      ? [...schemaDocuments(), ...baseDocuments(names), ...contentDocuments(names)]
      : []),
    ...(hasBootFiles ? [bootImageDocument(names)] : []),
    ...(before === undefined || osImage !== undefined ? withImage : []),
  ]);
}

function hasContent(site: Site | undefined, id: string): boolean {
  return site?.content.some(item => item.id === id) ?? false;
}

function schemaDocuments(): ReadonlyMap<string, string> {
  return new Map([...schemaTexts(SITE_DOCUMENTS)].map(([name, text]) => [`schemas/${name}`, text]));
}

/** What an earlier run has not written; whatever else stands under one of the names is told, all at once. */
async function notThere(
  root: string,
  documents: ReadonlyMap<string, string>,
  toLay: readonly FileToLay[],
  withAgent: boolean,
): Promise<{
  readonly documents: readonly (readonly [string, string])[];
  readonly toLay: readonly FileToLay[];
}> {
  const taken: string[] = [];
  const absent: (readonly [string, string])[] = [];
  for (const [name, text] of documents) {
    const found = await contentOf(path.join(root, name));
    if (found === undefined) absent.push([name, text]);
    else if (found !== text) taken.push(name);
  }
  const missing: FileToLay[] = [];
  for (const file of toLay) {
    const laid = await isLaid(file);
    if (laid === undefined) missing.push(file);
    else if (!laid) taken.push(path.relative(root, file.to));
  }
  if (withAgent && (await contentOf(path.join(root, 'agent.yaml'))) !== undefined) {
    const key = await loadPublicKey(path.join(root, KEYS), 'media').catch(() => undefined); // No key yet: then the file is somebody's own.
    const text = key && agentDocument(key.text);
    if ((await contentOf(path.join(root, 'agent.yaml'))) !== text) taken.push('agent.yaml');
  }
  if (taken.length > 0)
    throw new Fault('USAGE-09', root, { expected: 'a folder where these names are free', found: taken });
  return { documents: absent, toLay: missing };
}

/** Keys that are there stay: an earlier run made them, or the author brought them. */
async function makeKeys(folder: string): Promise<readonly string[]> {
  const made: string[] = [];
  for (const name of ['policy', 'media']) {
    const { privateFile, publicFile } = keyFiles(folder, name);
    if ((await isFile(privateFile)) || (await isFile(publicFile))) continue;
    await createKey(folder, name);
    made.push(name);
  }
  if (await isFile(machineKeyFile(folder, 'machine'))) return made;
  await createMachineKey(folder, 'machine');
  return [...made, 'machine'];
}

async function addAgentDocument(root: string, documents: Map<string, string>): Promise<void> {
  if ((await contentOf(path.join(root, 'agent.yaml'))) !== undefined) return;
  const key = await loadPublicKey(path.join(root, KEYS), 'media');
  documents.set('agent.yaml', agentDocument(key.text));
}

function lastly(
  documents: ReadonlyMap<string, string>,
  last: string,
): readonly (readonly [string, string])[] {
  const entries = [...documents];
  return [...entries.filter(([name]) => name !== last), ...entries.filter(([name]) => name === last)];
}

/** @returns the text; undefined where nothing is; empty text for a folder, which no document is. */
async function contentOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (thrown) {
    const code = nativeCodeOf(thrown);
    if (code === 'ENOENT') return undefined;
    if (code === 'EISDIR') return '';
    if (code === 'ENOTDIR')
      throw new Fault('USAGE-09', path.dirname(file), { expected: 'a folder' }, { cause: thrown });
    throw new Fault('USAGE-08', file, {}, { cause: thrown });
  }
}

async function isFile(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined); // Unreadable shows when it is read or written.
  return found?.isFile() ?? false;
}
