// User state for tests: profiles of an old computer, a store, and capture and restore as the commands carry them out.
import { randomBytes } from 'node:crypto';
import { mkdir, utimes } from 'node:fs/promises';
import path from 'node:path';
import { machineDisk } from '../../agent/durable/disk.ts';
import type { DurableFiles } from '../../agent/durable/durable-files.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { measureProfiles } from '../../agent/user-state/capture-files.ts';
import { captureState, filesMethod } from '../../agent/user-state/capture-state.ts';
import { chooseFiles } from '../../agent/user-state/choose-files.ts';
import { openProfileHomes } from '../../agent/user-state/profile-homes.ts';
import { type RestoredState, restoreState } from '../../agent/user-state/restore-state.ts';
import type { StateComputer } from '../../agent/user-state/state-document.ts';
import { stateKeys } from '../../agent/user-state/state-keys.ts';
import { type Store, storeOf } from '../../agent/user-state/store.ts';
import { findProfiles } from '../../agent/user-state/walk-profiles.ts';
import { writeTree } from './wim-kit.ts';

export const ASSOCIATION = '6f1c1b5e-3c1c-4d5e-9f57-0b8f9a3c2d11';
export const KEY = Buffer.alloc(32, 7).toString('base64');
export const OLD: StateComputer = { model: 'Old Book', serial: 'OLD-1', macs: [] };
export const NEW: StateComputer = { model: 'New Book', serial: 'NEW-1', macs: [] };

/** Flushes nothing for real, which costs most of the time: what must be durable is watched by the power-cut tests. */
export const quick = (): DurableFiles =>
  openDurableFiles({
    ...machineDisk,
    open: async (file, mode) => ({ ...(await machineDisk.open(file, mode)), flush: async () => {} }),
    flushFolder: async () => {},
  });

/** Two people, everybody's folder, and what must not be taken. Time of every file: 2024-05-06. */
export async function layProfiles(
  root: string,
  more: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<void> {
  const files = {
    'Users/anna/Desktop/notes.txt': 'buy milk',
    'Users/anna/Documents/Müller/Größe.docx': 'Umlaute',
    'Users/anna/Documents/empty.txt': '',
    'Users/anna/Documents/big.bin': randomBytes(700_000),
    'Users/bob/Downloads/setup 日本語 🚀.exe': randomBytes(3_000),
    'Users/bob/Favorites/a.url': '[InternetShortcut]',
    'Users/Public/Documents/all.txt': 'for all',
    ...more,
  };
  await writeTree(root, {
    ...files,
    'Users/Default/Documents/template.txt': 'a template',
    'Users/anna/AppData/Roaming/secret.dat': 'of a program',
    'Users/anna/NTUSER.DAT': 'registry',
    'Users/anna/Desktop/desktop.ini': '[.ShellClassInfo]',
    'Users/bob/Documents/~$open.docx': 'a lock',
  });
  await mkdir(path.join(root, 'Users/bob/Documents/Empty folder'), { recursive: true });
  const when = new Date('2024-05-06T07:08:09.000Z');
  for (const name of Object.keys(files)) await utimes(path.join(root, name), when, when);
}

export function testStore(root: string, { key = KEY, association = ASSOCIATION } = {}): Store {
  return storeOf(root, '/nowhere', stateKeys(key, association));
}

/** Captures the profiles below `root`. */
export async function capture(
  root: string,
  store: Store,
  { durable = quick(), created = '2026-04-01T00:00:00.000Z', signal = new AbortController().signal } = {},
): Promise<string> {
  const choice = chooseFiles();
  const users = await findProfiles(path.join(root, 'Users'));
  const size = await measureProfiles(users, choice);
  const method = filesMethod(
    store,
    { users, choice, size },
    { durable, advance: () => {}, signal },
    () => {},
  );
  return await captureState(
    { store, storeAsOrdered: store.root, computer: OLD, created, method },
    { durable },
  );
}

/** Restores into the profiles below `root`. */
export async function restore(
  root: string,
  store: Store,
  {
    durable = quick(),
    freeBytes = 1e12,
    kind = 'folder',
    computer = NEW,
  }: {
    readonly durable?: DurableFiles;
    readonly freeBytes?: number;
    readonly kind?: 'folder' | 'windows';
    readonly computer?: StateComputer;
  } = {},
): Promise<RestoredState & { readonly setAside: readonly string[] }> {
  const homes = openProfileHomes(root, { machine: { kind, protect: async () => {} }, durable });
  const restored = await restoreState(
    {
      store,
      computer,
      now: () => new Date('2026-04-02T00:00:00.000Z'),
      home: profile => homes.home(profile),
      freeBytes,
      load: async () => {
        throw new Error('no USMT here');
      },
      rehearsal: true,
    },
    { durable, advance: () => {} },
  );
  return { ...restored, setAside: homes.setAside };
}
