// Reads from files that may have changed, gone or rotted since they were looked at: what cannot be had is no fault, a source has the same bytes.
import { type FileHandle, lstat, open } from 'node:fs/promises';
import type { SeedPlace } from './seed-map.ts';

/** Bytes of an item may come from thousands of files; the ones used last stay open. */
const OPEN_FILES = 16;

export interface SeedReader {
  /** @returns false when the file does not give all of these bytes. They are not proven. */
  read(place: SeedPlace, into: Uint8Array): Promise<boolean>;
  close(): Promise<void>;
}

/** For one reader at a time. */
export function openSeedReader(): SeedReader {
  /** In the order of their last use; undefined is a file that could not be opened. */
  const handles = new Map<string, FileHandle | undefined>();

  async function handleOf(file: string): Promise<FileHandle | undefined> {
    const known = handles.has(file);
    const handle = known ? handles.get(file) : await openPlain(file);
    handles.delete(file);
    handles.set(file, handle);
    if (!known && handles.size > OPEN_FILES) {
      const [oldest = ''] = handles.keys();
      await handles.get(oldest)?.close();
      handles.delete(oldest);
    }
    return handle;
  }

  return {
    async read({ path, offset }, into) {
      try {
        const handle = await handleOf(path);
        if (handle === undefined) return false;
        for (let got = 0; got < into.length; ) {
          const { bytesRead } = await handle.read(into, got, into.length - got, offset + got);
          if (bytesRead === 0) return false;
          got += bytesRead;
        }
        return true;
      } catch {
        // A bad sector.
        return false;
      }
    },
    async close() {
      for (const handle of handles.values()) await handle?.close();
      handles.clear();
    },
  };
}

/** A pipe in the place of a file would keep us waiting for ever. */
async function openPlain(file: string): Promise<FileHandle | undefined> {
  try {
    return (await lstat(file)).isFile() ? await open(file, 'r') : undefined;
  } catch {
    return undefined;
  }
}
