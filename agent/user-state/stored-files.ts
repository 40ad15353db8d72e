// The files that USMT left in the store: listed with their digests after they were made durable, and proven against that list before loadstate.
import { createHash } from 'node:crypto';
import { open, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import type { Advance } from '../progress/event.ts';
import { openStored, readWhole, storedFault } from './read-packs.ts';
import type { StoredFile } from './state-document.ts';

const PIECE_BYTES = 4 * 1024 * 1024;

interface HashWorld {
  readonly advance: Advance;
  readonly signal?: AbortSignal;
}

/** Flushes and hashes every file below `folder/below`. @returns them by name, relative to `folder`. Faults: DISK-*, STATE-02, STOP-01. */
export async function hashStored(
  folder: string,
  below: string,
  world: HashWorld & { readonly durable: DurableFiles },
): Promise<readonly StoredFile[]> {
  const entries = await readdir(path.join(folder, below), { recursive: true, withFileTypes: true });
  const files = entries
    .filter(entry => entry.isFile())
    .map(entry => path.join(entry.parentPath, entry.name))
    .sort();
  const stored: StoredFile[] = [];
  for (const file of files) {
    // scanstate does not flush what it writes.
    const partial = await world.durable.openPartial(file);
    await partial.flush().finally(() => partial.close());
    const handle = await open(file, 'r');
    const { size } = await handle.stat().finally(() => handle.close());
    const name = path.relative(folder, file).split(path.sep).join('/');
    const sha256 = await hashOne(file, { name, size, sha256: '' }, () => {}, world.signal);
    stored.push({ name, size, sha256 });
  }
  return stored;
}

/** Proves that the listed files, and no others, lie below `folder/below`. Faults: STATE-01, STATE-02, STOP-01. */
export async function proveStored(
  folder: string,
  below: string,
  stored: readonly StoredFile[],
  { advance, signal }: HashWorld,
): Promise<void> {
  const total = stored.reduce((sum, { size }) => sum + size, 0);
  let before = 0;
  for (const each of stored) {
    const file = path.join(folder, ...each.name.split('/'));
    const found = await hashOne(file, each, done => advance(before + done, total), signal);
    if (found !== each.sha256) throw new Fault('STATE-01', file, { expected: each.sha256, found });
    before += each.size;
  }
  const listed = new Set(stored.map(({ name }) => name));
  const entries = await readdir(path.join(folder, below), { recursive: true, withFileTypes: true }).catch(
    (cause: unknown) => {
      throw storedFault(path.join(folder, below), cause);
    },
  );
  for (const entry of entries) {
    if (entry.isDirectory()) continue;
    const name = path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/');
    if (!listed.has(name)) throw new Fault('STATE-01', name, { expected: 'no such file', found: 'a file' });
  }
}

async function hashOne(
  file: string,
  stored: StoredFile,
  advance: (doneBytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<string> {
  const handle = await openStored(file, stored);
  try {
    const hash = createHash('sha256');
    const piece = Buffer.alloc(Math.min(PIECE_BYTES, stored.size));
    for (let at = 0; at < stored.size; ) {
      if (signal?.aborted) throw new Fault('STOP-01', file);
      const into = piece.subarray(0, Math.min(piece.length, stored.size - at));
      await readWhole(handle, into, at, file);
      hash.update(into);
      at += into.length;
      advance(at);
    }
    return hash.digest('hex');
  } finally {
    await handle.close();
  }
}
