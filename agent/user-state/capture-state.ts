// Captures user state into the store of an association: beside what is there, sealed when it is whole, then in its place. Cut at any moment it is
// started over; until the new capture is whole the one before stays.
import { randomBytes } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import type { Advance } from '../progress/event.ts';
import { type CapturedFiles, captureFiles, type StateSize } from './capture-files.ts';
import type { FileChoice } from './choose-files.ts';
import type { StateComputer, StateDocument, StoredFile } from './state-document.ts';
import {
  isRelativeStore,
  placeCapture,
  readClosed,
  recoverStore,
  requireStore,
  STATE,
  type Store,
  writeState,
} from './store.ts';
import { onStore } from './store-fault.ts';
import { hashStored } from './stored-files.ts';
import type { Users } from './walk-profiles.ts';
import { openPackWriter } from './write-packs.ts';

export interface CaptureWorld {
  readonly durable: DurableFiles;
  readonly advance: Advance;
  readonly signal?: AbortSignal;
}

/** What one method puts into `folder`. */
export type CaptureMethod = (place: {
  readonly folder: string;
  readonly salt: Uint8Array;
}) => Promise<Pick<StateDocument, 'method' | 'files' | 'content' | 'rehearsed'>>;

export interface CaptureRequest {
  readonly store: Store;
  /** As the order writes it: a relative one is made, a share must be there. */
  readonly storeAsOrdered: string;
  readonly computer: StateComputer;
  readonly created: string;
  readonly method: CaptureMethod;
}

/** @returns the digest of the new capture's state.json. Faults: STATE-02, STATE-04 closed already, those of the method. */
export async function captureState(
  { store, storeAsOrdered, computer, created, method }: CaptureRequest,
  { durable }: Pick<CaptureWorld, 'durable'>,
): Promise<string> {
  return await onStore(store, async () => {
    if (isRelativeStore(storeAsOrdered)) await durable.makeFolder(store.root);
    await requireStore(store);
    await refuseClosed(store);
    // What is damaged is replaced: capturing again is the remedy for it.
    await recoverStore(store, durable).catch(ignoreDamage);
    await durable.remove(path.join(store.partial, STATE));
    await durable.remove(store.partial);
    await durable.makeFolder(store.partial);
    const salt = randomBytes(32);
    const captured = await method({ folder: store.partial, salt });
    const digest = await writeState(
      store,
      {
        format: 'prestage-state/1',
        association: store.keys.association,
        created,
        computer,
        salt: salt.toString('base64'),
        ...captured,
      },
      durable,
    );
    await placeCapture(store, durable);
    return digest;
  });
}

/** Fault: STATE-04. */
export async function refuseClosed(store: Store): Promise<void> {
  const closed = await readClosed(store).catch(ignoreDamage);
  if (closed === undefined) return;
  const { serial, uuid } = closed.computer;
  throw new Fault('STATE-04', store.keys.association, {
    closed: closed.closed,
    by: serial ?? uuid ?? 'a computer without serial number',
  });
}

/** Method `files`. Fault: STATE-02 when the store has less room than there is to capture. */
export function filesMethod(
  store: Store,
  { users, choice, size }: { readonly users: Users; readonly choice: FileChoice; readonly size: StateSize },
  { durable, advance, signal }: CaptureWorld,
  told: (captured: CapturedFiles) => void,
): CaptureMethod {
  return async ({ folder, salt }) => {
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < size.bytes)
      throw new Fault('STATE-02', store.root, { neededBytes: size.bytes, freeBytes: bavail * bsize });
    const { association } = store.keys;
    const writer = openPackWriter({ folder, association, key: store.keys.packKey(salt), durable });
    try {
      const captured = await captureFiles({
        users,
        choice,
        writer,
        totalBytes: size.bytes,
        advance: rising(advance),
        ...(signal === undefined ? {} : { signal }),
      });
      told(captured);
      const { remarks: _, ...content } = captured;
      return { method: 'files', files: [...(await writer.finish())], content };
    } finally {
      await writer.close();
    }
  };
}

/** Method `usmt`: `scan` runs scanstate into the folder that it is given; what it left there is flushed and listed. */
export function usmtMethod(
  store: Store,
  scan: (place: {
    readonly folder: string;
    readonly key: string;
  }) => Promise<{ readonly rehearsed: boolean }>,
  { durable, advance, signal }: CaptureWorld,
): CaptureMethod {
  return async ({ folder, salt }) => {
    await durable.makeFolder(path.join(folder, USMT_FOLDER));
    const { rehearsed } = await scan({
      folder: path.join(folder, USMT_FOLDER),
      key: store.keys.usmtKey(salt),
    });
    const files: readonly StoredFile[] = await hashStored(folder, USMT_FOLDER, {
      durable,
      advance,
      ...(signal && { signal }),
    });
    if (files.length === 0 && !rehearsed)
      throw new Fault('STATE-05', 'scanstate', { expected: 'a store', found: 'no file' });
    return { method: 'usmt', files: [...files], ...(rehearsed ? { rehearsed } : {}) };
  };
}

/** USMT's store path below the association's folder: nothing else lies in it. */
export const USMT_FOLDER = 'usmt';

function ignoreDamage(error: unknown): undefined {
  if (error instanceof Fault && error.code === 'STATE-01') return undefined;
  throw error;
}

/** A file that is dropped takes back the bytes that were told of it; what an observer sees never falls. */
function rising(advance: Advance): Advance {
  let most = 0;
  return (done, total) => {
    most = Math.max(most, done);
    advance(most, total);
  };
}
