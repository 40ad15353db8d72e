// The way that Windows takes to a file: from the root by the index of each folder. Every step is held against what the record says of itself, so
// that no path is one file for whoever proves the volume and another for whoever opens it.
import { cannotBeRead, type ImageBytes } from './image-bytes.ts';
import { imageKey } from './image-key.ts';
import { type IndexBudget, type IndexEntry, readFolderIndex } from './ntfs-index.ts';
import { FIRST_USER_RECORD, ROOT_RECORD } from './ntfs-paths.ts';
import type { Scanned } from './ntfs-scan.ts';
import type { NtfsShape } from './ntfs-shape.ts';
import type { RecordTable } from './ntfs-table.ts';

/** What Windows finds at a path: a record, or nothing that one could rely on, and why. */
export interface Indexed {
  readonly path: string;
  readonly record?: number;
  readonly doubt?: string;
}

/** Of a sound volume none is in doubt; of one with more nobody reads the list. */
const DOUBTS_MAX = 100_000;

/** @returns files and links by `imageKey` of the path, and of folders those that are in doubt. Faults: DISK-03, DISK-09. */
export async function walkIndexes(
  image: ImageBytes,
  table: RecordTable,
  records: ReadonlyMap<number, Scanned>,
  shape: NtfsShape,
): Promise<ReadonlyMap<string, Indexed>> {
  const found = new Map<string, Indexed>();
  const budget: IndexBudget = { bytesLeft: shape.clusterCount * shape.clusterBytes };
  const visited = new Set([ROOT_RECORD]);
  const open = [{ number: ROOT_RECORD, path: '' }];
  let doubtsLeft = DOUBTS_MAX;
  const doubt = (path: string, why: string): void => {
    doubtsLeft -= 1;
    if (doubtsLeft < 0)
      throw cannotBeRead(image, shape.where, 'indexes that agree with the records', 'others');
    found.set(imageKey(path), { path, doubt: why });
  };
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    const { number, path } = folder;
    const entries = await readFolderIndex(image, table, shape, number, budget);
    if ('broken' in entries) {
      doubt(path.slice(0, -1), entries.broken);
      continue;
    }
    const twice = doubleNames(entries);
    for (const { record, name, dos } of entries) {
      if (dos || isOwnOfFileSystem(record.number, name)) continue;
      const own = path + name;
      const scanned = records.get(record.number);
      if (twice.has(imageKey(name))) doubt(own, 'two files of one name');
      else if (!says(scanned, record.sequence, name, number, records))
        doubt(own, 'the index of its folder tells another file');
      else if (!scanned.folder || scanned.pieces.some(piece => piece.reparse !== undefined))
        found.set(imageKey(own), { path: own, record: record.number });
      else if (visited.has(record.number)) doubt(own, 'a folder in two places');
      else {
        visited.add(record.number);
        open.push({ number: record.number, path: `${own}/` });
      }
    }
  }
  return found;
}

/** Short names count: what one of them opens is not what another file's name opens. */
function doubleNames(entries: readonly IndexEntry[]): ReadonlySet<string> {
  const owners = new Map<string, { readonly number: number; readonly dos: boolean }>();
  const twice = new Set<string>();
  for (const { record, name, dos } of entries) {
    const key = imageKey(name);
    const owner = owners.get(key);
    if (owner === undefined) owners.set(key, { number: record.number, dos });
    else if (owner.number !== record.number || (!dos && !owner.dos)) twice.add(key);
  }
  return twice;
}

function says(
  scanned: Scanned | undefined,
  sequence: number,
  name: string,
  folder: number,
  records: ReadonlyMap<number, Scanned>,
): scanned is Scanned {
  const folderSequence = records.get(folder)?.sequence;
  return (
    scanned?.sequence === sequence &&
    scanned.pieces.some(
      each =>
        each.name?.name === name &&
        each.name.parent.number === folder &&
        each.name.parent.sequence === folderSequence,
    )
  );
}

/** `$MFT` and its like, and the root itself. */
function isOwnOfFileSystem(number: number, name: string): boolean {
  return number < FIRST_USER_RECORD && (name === '.' || name.startsWith('$'));
}
