// The store of one association, on a share or in a folder: `<store>/<association>/`, whole or not there. A capture is written beside it and takes
// its place by renames; whatever a cut leaves, the newest whole capture is found again. Documents count only with their seal.
import { createHash } from 'node:crypto';
import { lstat, open } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { decodeJson, encodeJson } from '../document/decode-json.ts';
import { isAbsence, nativeCodeOf } from '../durable/disk-fault.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import {
  CLOSED_MAX_BYTES,
  type ClosedDocument,
  closedSchema,
  STATE_MAX_BYTES,
  type StateDocument,
  stateSchema,
} from './state-document.ts';
import type { StateKeys } from './state-keys.ts';

export const STATE = 'state.json';
export const CLOSED = 'closed.json';

export interface Store {
  readonly root: string;
  readonly folder: string;
  /** Where a capture is written. */
  readonly partial: string;
  /** Where the capture before waits while the new one takes its place. */
  readonly previous: string;
  readonly keys: StateKeys;
}

/** A whole capture: its document, the SHA-256 of that document's bytes, and the folder that holds its files. */
export interface WholeState {
  readonly document: StateDocument;
  readonly digest: string;
  readonly folder: string;
}

/** True for `_SMSTSStateStore` and the like: no root, no drive, no share. */
export function isRelativeStore(store: string): boolean {
  return !/^([\\/]|[A-Za-z]:)/.test(store);
}

/** @param store as the order names it; a relative one lies on the volume of Windows. Fault: STATE-02 for one that would leave that volume. */
export function storeOf(store: string, windowsRoot: string, keys: StateKeys): Store {
  const names = store.split(/[\\/]+/).filter(name => name !== '');
  if (isRelativeStore(store) && names.includes('..'))
    throw new Fault('STATE-02', store, { expected: 'a folder below the volume of Windows' });
  const root = isRelativeStore(store) ? path.join(windowsRoot, ...names) : store;
  const folder = path.join(root, keys.association);
  return { root, folder, partial: `${folder}.partial`, previous: `${folder}.previous`, keys };
}

/** Fault: STATE-02 when the share or folder is not there. One on the volume of Windows is made by the capture. */
export async function requireStore({ root }: Store): Promise<void> {
  const found = await lstat(root).catch((cause: unknown) => {
    throw new Fault('STATE-02', root, { native: nativeCodeOf(cause) }, { cause });
  });
  if (!found.isDirectory()) throw new Fault('STATE-02', root, { expected: 'a folder', found: 'a file' });
}

/**
 * @returns the newest whole capture, wherever a cut has left it; undefined when there is none. Changes nothing.
 * Faults: STATE-01 damaged, forged, of another key or association (its seal tells), STATE-02 not readable.
 */
export async function findState(store: Store): Promise<WholeState | undefined> {
  const placed = await readState(store.folder, store.keys);
  if (placed !== undefined) return placed;
  // It was whole when it got this name.
  if (await exists(store.folder))
    throw new Fault('STATE-01', store.folder, { expected: STATE, found: 'none' });
  // Cut between the two renames: the new one is whole, or the one before still is.
  const written = await readState(store.partial, store.keys).catch(() => undefined);
  return written ?? (await readState(store.previous, store.keys));
}

/** Ends what a cut has left between the renames. @returns what `findState` does. Faults: as findState, and DISK-* of a store that cannot be written. */
export async function recoverStore(store: Store, durable: DurableFiles): Promise<WholeState | undefined> {
  const whole = await findState(store);
  if (whole === undefined || whole.folder === store.folder) return whole;
  await durable.rename(whole.folder, store.folder);
  return { ...whole, folder: store.folder };
}

/** Puts the whole capture at `partial` in its place; the one before is kept until then. */
export async function placeCapture(store: Store, durable: DurableFiles): Promise<void> {
  if (await exists(store.folder)) {
    await durable.remove(store.previous);
    await durable.rename(store.folder, store.previous);
  }
  await durable.rename(store.partial, store.folder);
  await flushName(path.join(store.folder, STATE), durable);
  await durable.remove(store.previous);
}

/** Writes the document that makes a capture whole: last of all, its seal before it. @returns the document's digest. */
export async function writeState(
  store: Store,
  document: StateDocument,
  durable: DurableFiles,
): Promise<string> {
  return await writeSealed(path.join(store.partial, STATE), document, store.keys, durable);
}

/** Closes the association. Fault: STATE-01 when another capture lies there than the one that was restored. */
export async function closeStore(
  store: Store,
  restored: WholeState,
  by: Pick<ClosedDocument, 'computer' | 'closed' | 'deployment'>,
  durable: DurableFiles,
): Promise<void> {
  const now = await readState(store.folder, store.keys);
  if (now?.digest !== restored.digest)
    throw new Fault('STATE-01', store.folder, {
      expected: `the capture of ${restored.document.created}`,
      found: now === undefined ? 'none' : `a capture of ${now.document.created}`,
    });
  const document: ClosedDocument = {
    format: 'prestage-state-closed/1',
    association: store.keys.association,
    state: restored.digest,
    ...by,
  };
  await writeSealed(path.join(store.folder, CLOSED), document, store.keys, durable);
}

/** @returns who closed the association, or undefined while it is open. Faults: STATE-01, STATE-02. */
export async function readClosed({ folder, keys }: Store): Promise<ClosedDocument | undefined> {
  const file = path.join(folder, CLOSED);
  return (await readSealed(file, keys, closedSchema, CLOSED_MAX_BYTES))?.value;
}

async function readState(folder: string, keys: StateKeys): Promise<WholeState | undefined> {
  const file = path.join(folder, STATE);
  const sealed = await readSealed(file, keys, stateSchema, STATE_MAX_BYTES);
  if (sealed === undefined) return undefined;
  return { document: sealed.value, digest: sealed.digest, folder };
}

async function readSealed<S extends z.ZodType>(
  file: string,
  keys: StateKeys,
  schema: S,
  maxBytes: number,
): Promise<{ readonly value: z.infer<S>; readonly digest: string } | undefined> {
  const bytes = await readCapped(file, maxBytes);
  if (bytes === undefined) return undefined;
  const mac = await readCapped(sealFileOf(file), 1024);
  const name = path.basename(file);
  if (mac === undefined || !keys.isSealed(name, bytes, mac.toString('utf8').trim()))
    throw new Fault('STATE-01', file, {
      expected: 'the seal of this association’s key',
      found: mac === undefined ? 'no seal' : 'another one: damaged, forged, or made with another key',
    });
  try {
    return {
      value: decodeJson(bytes, schema, { name: file, maxBytes }),
      digest: createHash('sha256').update(bytes).digest('hex'),
    };
  } catch (cause) {
    throw new Fault('STATE-01', file, { expected: 'a document that this version knows' }, { cause });
  }
}

async function writeSealed(
  file: string,
  document: unknown,
  keys: StateKeys,
  durable: DurableFiles,
): Promise<string> {
  const bytes = encodeJson(document);
  await durable.replaceFile(sealFileOf(file), Buffer.from(`${keys.seal(path.basename(file), bytes)}\n`));
  await durable.replaceFile(file, bytes);
  return createHash('sha256').update(bytes).digest('hex');
}

function sealFileOf(file: string): string {
  return `${file}.mac`;
}

async function readCapped(file: string, maxBytes: number): Promise<Buffer | undefined> {
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      if (size > maxBytes)
        throw new Fault('STATE-01', file, { expected: `at most ${maxBytes} bytes`, found: `${size} bytes` });
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (isAbsence(cause)) return undefined;
    const native = nativeCodeOf(cause);
    throw native === undefined ? cause : new Fault('STATE-02', file, { native }, { cause });
  }
}

/** On Windows a folder's new name becomes durable with the next flush of a file: here of one in it. */
async function flushName(file: string, durable: DurableFiles): Promise<void> {
  const open = await durable.openPartial(file);
  try {
    await open.flush();
  } finally {
    await open.close();
  }
}

async function exists(name: string): Promise<boolean> {
  return await lstat(name).then(
    () => true,
    () => false,
  );
}
