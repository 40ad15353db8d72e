// Files that no manifest names, in the folders that programs are run from: whatever lies beside an installer may be loaded by it.
import { cacheLayout } from '../content/layout.ts';
import { foldCase } from '../content/manifest-path.ts';
import { volumePath } from '../media/media-paths.ts';
import type { AppliedTree, Standing } from './applied-tree.ts';

export interface ForeignFile {
  readonly path: string;
  readonly standing: Standing;
}

/**
 * @param named paths of the volume that a manifest names, with folded case.
 * @param except folders of which nobody knows what belongs in them.
 * Where a file system tells names apart by case, the second of two such names is foreign. Faults: those of `AppliedTree.list`.
 */
export async function foreignFiles(
  tree: AppliedTree,
  named: ReadonlySet<string>,
  except: readonly string[],
): Promise<readonly ForeignFile[]> {
  const layout = cacheLayout('');
  const unknown = except.map(folder => `${foldCase(folder)}/`);
  const seen = new Set<string>();
  const foreign: ForeignFile[] = [];
  for (const place of [layout.packages, layout.agent]) {
    const listed = await tree.list({ part: 'volume', path: volumePath(place) });
    for (const file of listed.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
      const key = foldCase(file.path);
      const isNamed = named.has(key) && !seen.has(key);
      seen.add(key);
      if (!isNamed && !unknown.some(folder => key.startsWith(folder))) foreign.push(file);
    }
  }
  return foreign;
}
