// Restores user state from the store of an association: finds the whole capture, proves every byte of it, writes it, and closes the association last.
// The store is not touched before; cut at any moment it is started over.

import path from 'node:path';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import type { Advance } from '../progress/event.ts';
import { refuseClosed, USMT_FOLDER } from './capture-state.ts';
import { decodeFrames, type Frame } from './frames.ts';
import { readPacks } from './read-packs.ts';
import { type RestoredFiles, restoreFiles } from './restore-files.ts';
import type { StateComputer } from './state-document.ts';
import { closeStore, recoverStore, requireStore, type Store, type WholeState } from './store.ts';
import { onStore } from './store-fault.ts';
import { proveStored } from './stored-files.ts';
import { verifyStream } from './verify-stream.ts';

export interface RestoreRequest {
  readonly store: Store;
  readonly computer: StateComputer;
  /** The computer that closed the association restores it again, in a new installation. */
  readonly again?: boolean;
  /** When the deployment began, ISO 8601. */
  readonly deployment?: string;
  readonly now: () => Date;
  /** Makes and names a profile's own folder. */
  readonly home: (profile: string) => Promise<string>;
  /** Bytes that the volume of the profiles has left. */
  readonly freeBytes: number;
  /** Runs loadstate on USMT's store; only asked after every byte of it was proven. */
  readonly load: (place: { readonly folder: string; readonly key: string }) => Promise<void>;
  /** Takes a capture that a rehearsal recorded without running scanstate. */
  readonly rehearsal: boolean;
}

export interface RestoreWorld {
  readonly durable: DurableFiles;
  readonly advance: Advance;
  readonly signal?: AbortSignal;
}

export interface RestoredState {
  readonly state: WholeState;
  /** Of method `files`. */
  readonly files?: RestoredFiles;
}

/** Faults: STATE-01 to STATE-06, DISK-*, STOP-01. */
export async function restoreState(request: RestoreRequest, world: RestoreWorld): Promise<RestoredState> {
  const { store, now, computer, deployment } = request;
  const { durable } = world;
  await requireStore(store);
  const state = await onStore(store, () => recoverStore(store, durable));
  if (state === undefined)
    throw new Fault('STATE-06', store.keys.association, { expected: `a capture in ${store.folder}` });
  if (request.again !== true) await refuseClosed(store);
  const files = state.document.method === 'files' ? await restorePacks(state, request, world) : undefined;
  if (files === undefined) await restoreUsmt(state, request, world);
  const closed = now().toISOString();
  const by = { computer, closed, ...(deployment === undefined ? {} : { deployment }) };
  await onStore(store, () => closeStore(store, state, by, durable));
  return { state, ...(files === undefined ? {} : { files }) };
}

async function restorePacks(
  state: WholeState,
  { store, home, freeBytes }: RestoreRequest,
  { durable, advance, signal }: RestoreWorld,
): Promise<RestoredFiles> {
  const { content, files } = state.document;
  if (content === undefined) throw new Fault('STATE-01', state.folder, { expected: 'sums of the content' });
  if (content.bytes > freeBytes)
    throw new Fault('DISK-01', 'the volume of the profiles', { neededBytes: content.bytes, freeBytes });
  const stored = files.reduce((sum, { size }) => sum + size, 0);
  const frames = (before: number): AsyncIterable<Frame> =>
    decodeFrames(
      readPacks({
        folder: state.folder,
        files,
        association: store.keys.association,
        key: store.keys.packKey(Buffer.from(state.document.salt, 'base64')),
        advance: done => advance(before + done, 2 * stored),
        ...(signal === undefined ? {} : { signal }),
      }),
      state.folder,
    );
  await verifyStream(frames(0), content, state.folder);
  return await restoreFiles({
    frames: frames(stored),
    home,
    durable,
    ...(signal === undefined ? {} : { signal }),
  });
}

async function restoreUsmt(
  state: WholeState,
  { store, load, rehearsal }: RestoreRequest,
  { advance, signal }: RestoreWorld,
): Promise<void> {
  const { document, folder } = state;
  if (document.rehearsed === true && !rehearsal)
    throw new Fault('STATE-01', folder, { expected: 'a capture', found: 'a rehearsal of one' });
  await proveStored(folder, USMT_FOLDER, document.files, {
    advance,
    ...(signal === undefined ? {} : { signal }),
  });
  await load({
    folder: path.join(folder, USMT_FOLDER),
    key: store.keys.usmtKey(Buffer.from(document.salt, 'base64')),
  });
}
