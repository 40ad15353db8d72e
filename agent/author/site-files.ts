// The documents of a site folder as files: what stands under their names is looked at before it is read, so that one that cannot be read is told
// beside the mistakes of all others, and nothing that would never end (a pipe) is opened.
import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { nativeCodeOf } from '../durable/disk-fault.ts';
import type { SiteIssue } from './read-site.ts';

/** What a folder of documents holds, sorted, so that the same site always gives the same policy. */
export interface SiteNames {
  /** Without their ending, where they are documents. */
  readonly names: readonly string[];
  readonly issues: readonly SiteIssue[];
  /** Whether the folder itself could be read, or is absent: else nobody knows what references lead to. */
  readonly isKnown: boolean;
}

const ROOT_DOCUMENTS = ['site', 'deployments', 'collections', 'machines', 'associations'];
const ROOT_FOLDERS = ['content', 'task-sequences', 'media'];

/** @returns the bytes, undefined when there is no such file, or what is wrong with it. */
export async function readSiteFile(
  root: string,
  file: string,
  maxBytes: number,
): Promise<Uint8Array | SiteIssue | undefined> {
  const absolute = path.join(root, file);
  try {
    if ((await lstatOptional(absolute)) === undefined) return undefined;
    const found = await stat(absolute);
    if (!found.isFile()) {
      const kind = found.isDirectory() ? 'a folder' : 'a device or pipe';
      return unreadable(`${file}: expected a file, found ${kind}`);
    }
    if (found.size > maxBytes) {
      const text = `${file}: expected at most ${maxBytes} bytes, found ${found.size}`;
      return { code: 'USAGE-02', text };
    }
    return await readFile(absolute);
  } catch (thrown) {
    return unreadable(`${file}: ${whyNot(thrown)}`);
  }
}

/** Names that begin with a dot are editors' and tools' own. */
export async function namesIn(root: string, folder: string, kind: 'folders' | 'yaml'): Promise<SiteNames> {
  const absolute = path.join(root, folder);
  try {
    if ((await lstatOptional(absolute)) === undefined) return { names: [], issues: [], isKnown: true };
    const visible = (await readdir(absolute)).filter(name => !name.startsWith('.')).toSorted();
    const looked = visible.map(name =>
      kind === 'yaml' ? documentName(folder, name) : folderName(root, folder, name),
    );
    const found = (await Promise.all(looked)).filter(each => each !== undefined);
    return {
      names: found.flatMap(each => (typeof each === 'string' ? [each] : [])),
      issues: found.flatMap(each => (typeof each === 'string' ? [] : [each])),
      isKnown: true,
    };
  } catch (thrown) {
    const isOther = nativeCodeOf(thrown) === 'ENOTDIR';
    const text = isOther ? 'expected a folder, found another thing' : whyNot(thrown);
    return { names: [], issues: [unreadable(`${folder}: ${text}`)], isKnown: false };
  }
}

/** Documents and folders of the root under a name that is nearly theirs: nobody would read them, and nothing would tell. */
export async function misnamedInRoot(root: string): Promise<readonly SiteIssue[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []); // What cannot be listed shows when it is read.
  const known = new Map([
    ...ROOT_DOCUMENTS.map(name => [alike(name), `${name}.yaml`] as const),
    ...ROOT_FOLDERS.map(name => [`${alike(name)}/`, name] as const),
  ]);
  return entries.flatMap(entry => {
    const stem = entry.name.replace(/\.ya?ml$/i, '');
    const isDocument = stem !== entry.name;
    if (entry.isDirectory() === isDocument) return [];
    const meant = known.get(isDocument ? alike(stem) : `${alike(stem)}/`);
    if (meant === undefined || meant === entry.name) return [];
    return [{ code: 'USAGE-02', text: `${entry.name}: nothing reads this name; did you mean ${meant}?` }];
  });
}

/** Case, plural and dashes do not count. */
function alike(name: string): string {
  return name.toLowerCase().replaceAll(/[-_ ]/g, '').replace(/s$/, '');
}

function documentName(folder: string, name: string): string | SiteIssue | undefined {
  if (name.endsWith('.yaml')) return name.slice(0, -'.yaml'.length);
  if (!/\.ya?ml$/i.test(name)) return undefined;
  return { code: 'USAGE-02', text: `${folder}/${name}: expected a name that ends in .yaml` };
}

async function folderName(
  root: string,
  folder: string,
  name: string,
): Promise<string | SiteIssue | undefined> {
  try {
    if ((await stat(path.join(root, folder, name))).isDirectory()) return name;
    if (!/\.ya?ml$/i.test(name)) return undefined;
    const text = `${folder}/${name}: expected a folder that holds content.yaml, found a file`;
    return { code: 'USAGE-02', text };
  } catch (thrown) {
    return unreadable(`${folder}/${name}: ${whyNot(thrown)}`);
  }
}

async function lstatOptional(file: string) {
  try {
    return await lstat(file);
  } catch (thrown) {
    if (nativeCodeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

function unreadable(text: string): SiteIssue {
  return { code: 'USAGE-08', text };
}

/** Something is there under the name, for `lstat` has seen it. */
function whyNot(thrown: unknown): string {
  if (nativeCodeOf(thrown) === 'ENOENT') return 'a link that leads nowhere';
  return `cannot be read (${thrown instanceof Error ? thrown.message : String(thrown)})`;
}
