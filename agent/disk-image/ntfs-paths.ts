// The paths of an NTFS volume's folders, climbed from each to the root. A folder that is gone, was replaced, is a link or is in itself has no path.
import type { RecordReference } from './ntfs-record.ts';
import type { Scanned } from './ntfs-scan.ts';

export const ROOT_RECORD = 5;
/** Records before are the file system's own (ntfs-3g layout.h, FILE_first_user); the root is one of them. */
export const FIRST_USER_RECORD = 24;
/** No path that Windows opens is longer, or has more parts. */
const PATH_MAX_UNITS = 32_767;
const MAX_DEPTH = 2048;

/** @returns a function from a folder to its path with a `/` at the end (the root: empty); undefined where no path leads to it. */
export function folderPaths(
  files: ReadonlyMap<number, Scanned>,
): (folder: RecordReference) => string | undefined {
  const known = new Map<number, string | undefined>();

  /** The folder that a reference means, if that is still the same one. */
  const folderAt = ({ number, sequence }: RecordReference): Scanned | undefined => {
    if (number < FIRST_USER_RECORD && number !== ROOT_RECORD) return undefined;
    const folder = files.get(number);
    const same = folder?.folder === true && folder.sequence === sequence;
    return same && folder.pieces.every(piece => piece.reparse === undefined) ? folder : undefined;
  };

  return reference => {
    const climbed: { readonly number: number; readonly name: string }[] = [];
    let at = reference;
    let path: string | undefined;
    for (;;) {
      const folder = folderAt(at);
      if (folder === undefined || climbed.length > MAX_DEPTH) break;
      if (at.number === ROOT_RECORD) {
        path = '';
        break;
      }
      if (known.has(at.number)) {
        path = known.get(at.number);
        break;
      }
      const name = folder.pieces.find(piece => piece.name !== undefined)?.name;
      if (name === undefined) break;
      climbed.push({ number: at.number, name: name.name });
      at = name.parent;
    }
    for (const { number, name } of climbed.toReversed()) {
      path = path === undefined ? undefined : `${path}${name}/`;
      if (path !== undefined && path.length > PATH_MAX_UNITS) path = undefined;
      known.set(number, path);
    }
    return path;
  };
}
