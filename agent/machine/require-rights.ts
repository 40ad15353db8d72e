// Rights need a file system that keeps them: FAT and exFAT do not, whatever a tool says.
import { Fault } from '../fault/fault.ts';
import type { Volume } from './machine.ts';

const WITH_RIGHTS: ReadonlySet<string> = new Set(['NTFS', 'REFS']);

/** The volume that `target` lies on, by its path; undefined when none is mounted on the way to it. */
export function volumeOf(target: string, volumes: readonly Volume[]): Volume | undefined {
  const path = `${target.toLowerCase()}/`;
  const within = volumes.filter(({ root }) => {
    const start = root.toLowerCase();
    return path.startsWith(start) && (/[\\/]$/.test(start) || /[\\/]/.test(path.charAt(start.length)));
  });
  return within.toSorted((a, b) => b.root.length - a.root.length)[0];
}

/** @throws Fault DISK-06 when `target` lies on a volume that keeps no rights. A volume that is not listed is left to the tool. */
export function requireRights(target: string, volumes: readonly Volume[]): void {
  const found = volumeOf(target, volumes)?.fileSystem;
  if (found === undefined || WITH_RIGHTS.has(found.toUpperCase())) return;
  throw new Fault('DISK-06', target, { expected: 'a file system with rights (NTFS)', found });
}
