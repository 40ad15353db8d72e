// Which files of a profile method `files` takes: the folders that people keep their work in, and none of what programs keep beside it. Pure.
import { checkManifestPath, foldCase } from '../content/manifest-path.ts';
import { Fault } from '../fault/fault.ts';

/** Folders of a profile, as Windows names them in every language (Explorer shows a translation). */
export const PROFILE_FOLDERS = [
  'Contacts',
  'Desktop',
  'Documents',
  'Downloads',
  'Favorites',
  'Links',
  'Music',
  'Pictures',
  'Videos',
] as const;

/** What Explorer and Office leave beside files; the new computer has its own. */
const ALWAYS_EXCLUDED = ['desktop.ini', 'Thumbs.db', '~$*'];

// No person's: templates, accounts of Windows itself, and links of old programs to them.
const NO_PROFILE = new Set(
  [
    'All Users',
    'Default',
    'Default User',
    'defaultuser0',
    'defaultuser1',
    'defaultuser100000',
    'WDAGUtilityAccount',
  ].map(foldCase),
);

export interface FileChoice {
  /** Folders of a profile, relative to it, with `/`; none lies in another. */
  readonly folders: readonly string[];
  /** @param path of a file or folder relative to the profile. */
  isExcluded(path: string): boolean;
}

/** True for the name of a folder in `Users` that is a person's, or the one that all share. */
export function isProfile(name: string): boolean {
  return !NO_PROFILE.has(foldCase(name)) && checkManifestPath(name) === undefined;
}

/**
 * @param include further folders, relative to each profile (`AppData\Roaming\Microsoft\Signatures`).
 * @param exclude names (`*.iso`, everywhere) or paths relative to the profile (`Downloads\old`); `*` and `?` stand for any characters.
 * @throws Fault USAGE-01 for a folder that does not lie in a profile.
 */
export function chooseFiles({
  include = [],
  exclude = [],
}: {
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
} = {}): FileChoice {
  const further = include.map(folder => {
    const relative = folder.replaceAll('\\', '/').replace(/\/+$/, '');
    const problem = checkManifestPath(relative);
    if (problem !== undefined)
      throw new Fault('USAGE-01', `--include ${folder}`, {
        expected: 'a folder of a profile, such as AppData\\Roaming\\Microsoft\\Signatures',
        found: `a path that ${problem}`,
      });
    return relative;
  });
  const all = [...new Set([...PROFILE_FOLDERS, ...further])];
  const lies = (inner: string, outer: string): boolean => foldCase(inner).startsWith(`${foldCase(outer)}/`);
  const patterns = [...ALWAYS_EXCLUDED, ...exclude].map(patternOf);
  return {
    folders: all.filter(folder => !all.some(other => lies(folder, other))),
    isExcluded: path => patterns.some(matches => matches(path)),
  };
}

function patternOf(text: string): (path: string) => boolean {
  const pattern = text.replaceAll('\\', '/').replace(/^\/+|\/+$/g, '');
  const escaped = pattern
    .replaceAll(/[.+^${}()|[\]]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  const whole = new RegExp(`^${escaped}$`, 'iu');
  if (pattern.includes('/')) return path => whole.test(path);
  return path => whole.test(path.slice(path.lastIndexOf('/') + 1));
}
