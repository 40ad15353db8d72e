// Files that no manifest names, in the folders that programs are run from: whatever lies beside an installer may be loaded by it.
import { cacheLayout } from '../content/layout.ts';
import { foldCase } from '../content/manifest-path.ts';
import { volumePath } from '../media/media-paths.ts';
import type { AppliedTree, MediaPart, Standing } from './applied-tree.ts';

export interface ForeignFile {
  readonly part: MediaPart;
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
      if (!isNamed && !unknown.some(folder => key.startsWith(folder)))
        foreign.push({ part: 'volume', ...file });
    }
  }
  return foreign;
}

/**
 * Boot programs that no manifest names: firmware starts one by its name alone, as `EFI/BOOT/BOOTX64.EFI` where the media has none. What else lies
 * on the ESP is started by nobody, and a receipt lies there too.
 * @param named paths of the ESP that the manifest names, with folded case. Faults: those of `AppliedTree.list`.
 */
export async function foreignBootPrograms(
  tree: AppliedTree,
  named: ReadonlySet<string>,
): Promise<readonly ForeignFile[]> {
  // Media without a boot image leaves the ESP to others.
  if (tree.esp === undefined || named.size === 0) return [];
  const listed = await tree.list({ part: 'esp', path: 'EFI' });
  return listed
    .filter(({ path }) => /\.efi$/i.test(path) && !named.has(foldCase(path)))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .map(file => ({ part: 'esp', ...file }));
}
