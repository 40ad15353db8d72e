// Where a restored file goes on the new computer. What is there stays: a name that is taken by something else gets " (restored)", and no path leads
// through a link. What a cut has left of the same restore is known by its bytes, so that starting over makes nothing double.
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { foldCase } from '../content/manifest-path.ts';
import type { NameKind } from '../durable/disk.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';

/** Most UTF-16 units of a name on NTFS. */
const NAME_MAX_UNITS = 255;

export interface PlaceWorld {
  readonly durable: Pick<DurableFiles, 'makeFolder'>;
  readonly kind: (path: string) => Promise<NameKind>;
}

export interface RestorePlace {
  /** @returns the existing folder that takes the files of `folder` (relative to the profile, `''` for the profile itself). */
  folder(profile: string, folder: string): Promise<string>;
  /** Asked right before something is written into `folder`. Fault: DISK-02 when it leads elsewhere than when it was given. */
  confirm(folder: string): Promise<void>;
  /** A name in `folder` that nothing has, or that `isSame` says is this very file; claimed until `release`. */
  claim(
    folder: string,
    name: string,
    isSame: (existing: string) => Promise<boolean>,
  ): Promise<{ readonly target: string; readonly there: boolean; readonly renamed: boolean }>;
}

/** @param home answers a profile's own folder, which exists. */
export function openRestorePlace(
  home: (profile: string) => Promise<string>,
  { durable, kind }: PlaceWorld,
): RestorePlace {
  const folders = new Map<string, Promise<string>>();
  const places = new Map<string, string>();
  const claimed = new Set<string>();

  async function makeBelow(parent: string, name: string): Promise<string> {
    for (let number = 0; ; number += 1) {
      const folder = path.join(parent, numbered(name, number));
      const found = await kind(folder);
      if (found === 'absent') await durable.makeFolder(folder);
      if (found === 'absent' || found === 'folder') return folder;
    }
  }

  const place: RestorePlace = {
    folder(profile, folder) {
      const key = foldCase(`${profile}/${folder}`);
      const known = folders.get(key);
      if (known !== undefined) return known;
      const slash = folder.lastIndexOf('/');
      const made =
        folder === ''
          ? home(profile)
          : place
              .folder(profile, folder.slice(0, Math.max(slash, 0)))
              .then(parent => makeBelow(parent, folder.slice(slash + 1)));
      const given = made.then(async name => {
        places.set(name, await identityOf(name));
        return name;
      });
      folders.set(key, given);
      return given;
    },

    async confirm(folder) {
      const found = await identityOf(folder).catch(() => 'nothing');
      const expected = places.get(folder);
      if (found !== expected) throw new Fault('DISK-02', folder, { operation: 'restore', expected, found });
    },

    async claim(folder, name, isSame) {
      for (let number = 0; ; number += 1) {
        const target = path.join(folder, numbered(name, number));
        const key = foldCase(target);
        if (claimed.has(key)) continue;
        claimed.add(key);
        const found = await kind(target);
        if (found === 'absent') return { target, there: false, renamed: number > 0 };
        if (found === 'file' && (await isSame(target))) return { target, there: true, renamed: number > 0 };
      }
    },
  };
  return place;
}

/** What tells a folder from every other, whatever name leads to it: volume and file number. */
async function identityOf(folder: string): Promise<string> {
  const { dev, ino } = await stat(folder, { bigint: true });
  return `folder ${dev}:${ino}`;
}

/** `a.txt`, `a (restored).txt`, `a (restored 2).txt`; never longer than NTFS takes. */
export function numbered(name: string, number: number): string {
  if (number === 0) return name;
  const extension = path.extname(name).slice(0, 64);
  const suffix = `${number === 1 ? ' (restored)' : ` (restored ${number})`}${extension}`;
  const base = name.slice(0, name.length - extension.length);
  const room = NAME_MAX_UNITS - suffix.length;
  // Half of a surrogate pair would not be a name.
  const cut = base.length > room ? base.slice(0, room).replace(/[\ud800-\udbff]$/, '') : base;
  return `${cut.trimEnd()}${suffix}`;
}
