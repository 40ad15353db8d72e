// Judges a cache from outside: whatever lies under a plain name must be what the manifests and the names themselves say.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheLayout } from '../../agent/content/layout.ts';
import type { ContentManifest } from '../../agent/content/manifest.ts';
import { TEMPORARY_SUFFIX } from '../../agent/durable/open-durable-files.ts';
import { filesBelow } from './content-kit.ts';

/**
 * @param manifests of every version that may lie there.
 * @returns what lies under a plain name and is not proven: files of items that are no version's, manifests and chunk indexes that are not what they are named
 * for. Folders of versions under way (`ID.VERSION.partial`, `ID.retired`) are no plain names, nor are unfinished files.
 */
export async function unprovenNames(
  volume: string,
  manifests: readonly ContentManifest[],
): Promise<readonly string[]> {
  const layout = cacheLayout(volume);
  const unproven: string[] = [];
  for (const id of await namesIn(layout.packages)) {
    if (/\.(partial|retired)$/.test(id)) continue;
    const right = new Set(
      manifests
        .filter(manifest => manifest.id === id)
        .flatMap(({ files }) => files.map(({ path: name, sha256 }) => `${name} ${sha256}`)),
    );
    for (const [name, bytes] of Object.entries(await filesBelow(layout.item(id)))) {
      if (name.endsWith(TEMPORARY_SUFFIX)) continue;
      if (!right.has(`${name} ${sha256Of(bytes)}`)) unproven.push(`${id}/${name}`);
    }
  }
  const indexes = new Map(
    manifests.flatMap(({ files }) => files.map(file => [file.sha256, file.chunks?.sha256] as const)),
  );
  for (const name of await plainNamesIn(path.dirname(layout.chunkIndex('')))) {
    const bytes = await readFile(layout.chunkIndex(path.basename(name, '.chunks')));
    if (indexes.get(path.basename(name, '.chunks')) !== sha256Of(bytes)) unproven.push(`chunks/${name}`);
  }
  for (const name of await plainNamesIn(path.dirname(layout.manifest('')))) {
    const bytes = await readFile(layout.manifest(path.basename(name, '.json')));
    if (sha256Of(bytes) !== path.basename(name, '.json')) unproven.push(`manifests/${name}`);
  }
  return unproven;
}

/** Files that are being written, or whose writing was cut off, by path below the cache. */
export async function unfinishedFiles(volume: string): Promise<readonly string[]> {
  const names = Object.keys(await filesBelow(cacheLayout(volume).root));
  return names.filter(name => name.endsWith(TEMPORARY_SUFFIX));
}

async function plainNamesIn(folder: string): Promise<readonly string[]> {
  return (await namesIn(folder)).filter(name => !name.endsWith(TEMPORARY_SUFFIX));
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder).catch(() => [])).toSorted();
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
