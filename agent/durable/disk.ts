// The single steps that durable writing is made of. Durable writes are composed from these alone, so that a test may count them, stop at
// any of them and take back what was not flushed, while exactly the product's own code runs above.
import { type Dirent, type PathLike, type Stats, writeSync } from 'node:fs';
import {
  chmod,
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rmdir,
  stat,
  unlink,
  utimes,
} from 'node:fs/promises';
import path from 'node:path';
import { isAbsence } from './disk-fault.ts';
import type { CopyTools } from './durable-files.ts';
import { flushVolumes } from './flush-volumes.ts';
import { fill, pour } from './pour.ts';

/** What a name stands for, without following links. A junction or any other reparse point is a `link`. */
export type NameKind = 'file' | 'folder' | 'link' | 'other' | 'absent';

/** A name in a folder, with what it stands for as the folder itself tells it: on Windows from the attributes alone, so that every reparse point is a `link`. */
export interface FolderEntry {
  readonly name: string;
  readonly kind: NameKind;
}

/** An open file. Nothing is durable before `flush`. */
export interface OpenFile {
  /** Writes all of `bytes` at `position`. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** @returns how many bytes were read; fewer than asked for only at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>;
  truncate(lengthBytes: number): Promise<void>;
  sizeBytes(): Promise<number>;
  flush(): Promise<void>;
  /** Closes without flushing. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * `empty`: made when absent, emptied when present. `keep`: made when absent, content kept. `existing`: for writing, must be there.
 * `read`: must be there.
 */
export type OpenMode = 'empty' | 'keep' | 'existing' | 'read';

/** One step each, with the errors of node:fs as they are. */
export interface Disk {
  open(path: string, mode: OpenMode): Promise<OpenFile>;
  /** Moves one name over another; the target's name is taken over when it is a file. */
  rename(from: string, to: string): Promise<void>;
  link(from: string, to: string): Promise<void>;
  /** Removes the name of a file or of a link. */
  unlink(path: string): Promise<void>;
  makeFolder(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
  /** Flushes the names in a folder. Refused on Windows (EPERM), where a folder cannot be opened for writing. */
  flushFolder(path: string): Promise<void>;
  /** Clears the read-only attribute; lets a folder be listed and emptied. */
  makeWritable(path: string): Promise<void>;
  /** Sets when the file was last modified. */
  setModified(path: string, modified: Date): Promise<void>;
  /** What is at the very name; links are not followed. */
  kind(path: string): Promise<NameKind>;
  /** Whether the name leads to a folder, through links too. */
  leadsToFolder(path: string): Promise<boolean>;
  list(path: string): Promise<readonly FolderEntry[]>;
  /** Copies a file to an absent name in one go, without leaving the thread; `seen` gets each piece that was written. */
  pour(from: string, to: string, tools: CopyTools): Promise<void>;
  /** Makes or empties a file and writes it in one go, without leaving the thread. */
  fill(path: string, bytes: Uint8Array): Promise<void>;
  /** Flushes all that was ever written to the file systems of these folders. @returns false where the system has no call for that. */
  flushVolumes(folders: readonly string[]): Promise<boolean>;
}

/** The file system of this machine. Paths of any length work on Windows when they are absolute: node:fs prefixes them itself. */
export const machineDisk: Disk = {
  open: (path, mode) => openOnMachine(path, mode, write),
  rename,
  link,
  unlink,
  makeFolder: async path => {
    await mkdir(path);
  },
  removeFolder: rmdir,
  flushFolder: async path => {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  makeWritable: async path => chmod(path, (await lstat(path)).isDirectory() ? 0o777 : 0o666),
  setModified: (path, modified) => utimes(path, modified, modified),
  kind: kindOnMachine,
  leadsToFolder: async path => (await statusOf(stat, path))?.isDirectory() ?? false,
  list: async folder => {
    const entries = await readdir(folder, { withFileTypes: true });
    return Promise.all(
      entries.map(async entry => ({
        name: entry.name,
        kind: kindOf(entry) ?? (await kindOnMachine(path.join(folder, entry.name))),
      })),
    );
  },
  pour,
  fill,
  flushVolumes,
};

/** The same for a worker thread, which writes by itself: to hand each write to a further thread and to wait for it cost a tenth of a transfer. */
export const threadDisk: Disk = {
  ...machineDisk,
  open: (path, mode) =>
    openOnMachine(path, mode, async ({ fd }, ...bytes) => ({ bytesWritten: writeSync(fd, ...bytes) })),
};

async function kindOnMachine(name: string): Promise<NameKind> {
  const found = await statusOf((at: PathLike) => lstat(at), name);
  return found === undefined ? 'absent' : (kindOf(found) ?? 'other');
}

/**
 * On Windows a folder under which another volume is mounted, or that a program of a vendor made a reparse point, is a link in a listing (libuv
 * looks at the attributes) and a plain folder to `lstat` (which follows what it cannot read as a symbolic link): only the listing is asked
 * where it matters. undefined where the file system does not tell.
 */
function kindOf(found: Dirent | Stats): NameKind | undefined {
  if (found.isSymbolicLink()) return 'link';
  return found.isFile()
    ? 'file'
    : found.isDirectory()
      ? 'folder'
      : found.isFIFO() || found.isSocket() || found.isBlockDevice() || found.isCharacterDevice()
        ? 'other'
        : undefined;
}

const OPEN_FLAGS: Readonly<Record<OpenMode, string>> = { empty: 'w+', keep: 'a', existing: 'r+', read: 'r' };

type Write = (
  handle: FileHandle,
  bytes: Uint8Array,
  from: number,
  length: number,
  position: number,
) => Promise<{ readonly bytesWritten: number }>;

const write: Write = (handle, ...bytes) => handle.write(...bytes);

async function openOnMachine(path: string, mode: OpenMode, write: Write): Promise<OpenFile> {
  // `a` makes the file without emptying it, but on Linux then ignores positions: so it serves only to make the file.
  if (mode === 'keep') await (await open(path, OPEN_FLAGS.keep)).close();
  const handle = await open(path, mode === 'keep' ? OPEN_FLAGS.existing : OPEN_FLAGS[mode]);
  let closed = false;
  return {
    write: async (bytes, position) => {
      for (let done = 0; done < bytes.length; ) {
        done += (await write(handle, bytes, done, bytes.length - done, position + done)).bytesWritten;
      }
    },
    read: async (into, position) => {
      let done = 0;
      while (done < into.length) {
        const { bytesRead } = await handle.read(into, done, into.length - done, position + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return done;
    },
    truncate: lengthBytes => handle.truncate(lengthBytes),
    sizeBytes: async () => (await handle.stat()).size,
    flush: () => handle.sync(),
    close: async () => {
      if (closed) return;
      closed = true;
      await handle.close();
    },
  };
}

async function statusOf<S>(ask: (path: PathLike) => Promise<S>, path: string): Promise<S | undefined> {
  try {
    return await ask(path);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}
