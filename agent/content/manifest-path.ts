// Which paths a manifest may name: only those that stay in their folder and that every Windows reads as one and the same file.
// Sources: "Naming Files, Paths, and Namespaces" (learn.microsoft.com/windows/win32/fileio/naming-a-file); RtlIsDosDeviceName_U.

/** A path that a manifest must not name, and why in a few words that follow the path in a message. */
export interface PathProblem {
  readonly path: string;
  readonly reason: string;
}

/** A name on NTFS has at most 255 UTF-16 units. */
const NAME_MAX_UNITS = 255;

/** Of a whole path in a manifest, in UTF-16 units. */
export const PATH_MAX_UNITS = 1024;

// Superscript digits count as digits to Windows (COM¹), an extension or spaces before it do not help (`NUL .txt`).
const DEVICE_NAME = /^(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[1-9\u00b9\u00b2\u00b3])$/;

/** @returns why `path` cannot be a file's path in a manifest; undefined when it can. */
export function checkManifestPath(path: string): string | undefined {
  if (path === '') return 'is empty';
  if (!path.isWellFormed()) return 'is not well-formed Unicode';
  if (path.startsWith('/')) return 'is absolute';
  if (path.includes('\\')) return 'has a backslash';
  if (/^[A-Za-z]:/.test(path)) return 'names a drive';
  for (const part of path.split('/')) {
    const reason = checkName(part);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function checkLength(path: string): string | undefined {
  return path.length > PATH_MAX_UNITS
    ? `has ${path.length} characters, more than ${PATH_MAX_UNITS}`
    : undefined;
}

function checkName(name: string): string | undefined {
  if (name === '') return 'has an empty part';
  if (name === '.' || name === '..') return `has the part "${name}"`;
  if (name.includes(':')) return 'names a stream (colon)';
  if (/[\u0000-\u001f\u007f]/.test(name)) return 'has a control character';
  const forbidden = /[<>"|?*]/.exec(name);
  if (forbidden !== null) return `has the character ${forbidden[0]}`;
  if (/[. ]$/.test(name)) return 'has a part that ends with a dot or a space';
  if (name.length > NAME_MAX_UNITS) return `has a part longer than ${NAME_MAX_UNITS} characters`;
  const base = name.split('.', 1)[0] ?? '';
  if (DEVICE_NAME.test(base.trimEnd().toUpperCase())) return `has the device name "${base.trimEnd()}"`;
  return undefined;
}

/**
 * Checks all paths of one manifest, also against each other: no two files or folders that Windows takes for the same (`Sub/a` beside `sub/b`: a
 * Linux that makes the volume makes two folders, and Windows finds one of them), and no file that is also a folder of another.
 * @returns every problem, in the order of the paths.
 */
export function checkManifestPaths(paths: readonly string[]): readonly PathProblem[] {
  const problems: PathProblem[] = [];
  const files = new Map<string, string>();
  const folders = new Map<string, string>();
  for (const path of paths) {
    const reason = checkManifestPath(path) ?? checkLength(path);
    if (reason !== undefined) {
      problems.push({ path, reason });
      continue;
    }
    const folded = foldCase(path);
    const same = files.get(folded);
    if (same === path) problems.push({ path, reason: 'is named twice' });
    else if (same !== undefined) problems.push({ path, reason: `differs only by case from "${same}"` });
    else files.set(folded, path);
    for (let slash = folded.indexOf('/'); slash >= 0; slash = folded.indexOf('/', slash + 1)) {
      const folder = folded.slice(0, slash);
      const known = folders.get(folder);
      folders.set(folder, path);
      // Folding keeps the length. A file that is refused for its own name says enough.
      if (known === undefined || known.startsWith(path.slice(0, slash)) || same !== undefined) continue;
      problems.push({
        path,
        reason: `is in a folder that differs only by case from "${known.slice(0, slash)}"`,
      });
      break;
    }
  }
  for (const [folded, path] of files) {
    const below = folders.get(folded);
    if (below !== undefined) problems.push({ path, reason: `is also a folder of "${below}"` });
  }
  return problems;
}

/**
 * The path as NTFS compares it: each UTF-16 unit upper-cased by itself, whatever the language of the machine. Where Unicode's mapping is
 * newer than a volume's $UpCase table this folds more than NTFS does, so that a pair is refused rather than mixed up.
 */
export function foldCase(path: string): string {
  if (/^[\u0020-\u007e]*$/.test(path)) return path.toUpperCase();
  let folded = '';
  for (let i = 0; i < path.length; i += 1) {
    const unit = path.charAt(i);
    const upper = unit.toUpperCase();
    folded += upper.length === 1 ? upper : unit;
  }
  return folded;
}
