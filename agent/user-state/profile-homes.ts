// The folders that take the restored profiles. On a real computer a folder in `Users` without a profile is none of its owner's: Windows makes
// `<name>.<domain>` beside it at the first sign-in. So the files of a person who has no profile yet are set aside, for SYSTEM and Administrators.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { foldCase } from '../content/manifest-path.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import type { Machine } from '../machine/machine.ts';

/** At the root of the volume of Windows. */
export const SET_ASIDE = 'UserState';

export interface ProfileHomes {
  /** @returns a profile's own folder, made when it is absent. Faults: DISK-*. */
  home(profile: string): Promise<string>;
  /** Profiles that were set aside. */
  readonly setAside: readonly string[];
}

/** @param root of the volume of Windows. */
export function openProfileHomes(
  root: string,
  {
    machine,
    durable,
  }: { readonly machine: Pick<Machine, 'kind' | 'protect'>; readonly durable: DurableFiles },
): ProfileHomes {
  const setAside: string[] = [];
  const users = path.join(root, 'Users');

  async function aside(profile: string): Promise<string> {
    const parent = await folderIn(root, SET_ASIDE);
    if (setAside.length === 0) await machine.protect(parent);
    setAside.push(profile);
    return await folderIn(parent, profile);
  }

  /** Anybody who has signed in can make names at the root of the volume. Fault: DISK-02 for one that is no folder of its own. */
  async function folderIn(parent: string, name: string): Promise<string> {
    const entries = await readdir(parent, { withFileTypes: true });
    const taken = entries.find(entry => foldCase(entry.name) === foldCase(name));
    const folder = path.join(parent, taken?.name ?? name);
    if (taken !== undefined && !taken.isDirectory())
      throw new Fault('DISK-02', folder, {
        operation: 'restore',
        expected: 'a folder',
        found: 'a link or file',
      });
    await durable.makeFolder(folder);
    return folder;
  }

  return {
    setAside,
    async home(profile) {
      // The listing tells every reparse point on Windows, which `lstat` of the name alone does not.
      const entries = await readdir(users, { withFileTypes: true }).catch(() => []);
      const own = entries.find(entry => foldCase(entry.name) === foldCase(profile));
      if (own?.isDirectory()) return path.join(users, own.name);
      if (own !== undefined || machine.kind === 'windows') return await aside(profile);
      const made = path.join(users, profile);
      await durable.makeFolder(made);
      return made;
    },
  };
}
