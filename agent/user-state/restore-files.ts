// Writes the files of a verified stream into the profiles of the new computer: each into a partial file in its own folder (where it inherits the
// rights of that profile), flushed, renamed. Small ones are finished side by side. Started over after a cut, it ends as if never cut.
import { createHash, type Hash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { hashFile } from '../content/digest.ts';
import { machineDisk } from '../durable/disk.ts';
import type { DurableFiles, PartialFile } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import type { Frame } from './frames.ts';
import { openRestorePlace, type RestorePlace } from './restore-place.ts';

export interface RestoredFiles {
  readonly files: number;
  readonly bytes: number;
  /** Files that were there already with the same bytes. */
  readonly there: number;
  /** Files that got another name, because a different one had theirs. */
  readonly beside: readonly string[];
  /** Of the old computer, and not in the store. */
  readonly leftOut: readonly string[];
}

export interface RestoreFilesRequest {
  readonly frames: AsyncIterable<Frame>;
  /** A profile's own folder, made when it is absent. */
  readonly home: (profile: string) => Promise<string>;
  readonly durable: DurableFiles;
  readonly signal?: AbortSignal;
}

/** Files up to this size wait in memory for their end; larger ones go to their partial file as they come. */
const SMALL_BYTES = 256 * 1024;
/** Small files spend their time waiting for their flush; so many wait together. */
const FINISHED_AT_ONCE = 16;
const PARTIAL_SUFFIX = '.prestage-partial';

/** `renamed` is the name that it got in place of its own. */
interface Placed {
  readonly there: boolean;
  readonly renamed?: string;
}

interface Incoming {
  readonly profile: string;
  readonly path: string;
  readonly folder: string;
  readonly name: string;
  readonly modified: Date;
  readonly pieces: Uint8Array[];
  readonly hash: Hash;
  size: number;
  partial?: { readonly name: string; readonly file: PartialFile };
}

/** Faults: those of the stream, DISK-*, STOP-01. */
export async function restoreFiles({
  frames,
  home,
  durable,
  signal,
}: RestoreFilesRequest): Promise<RestoredFiles> {
  const place = openRestorePlace(home, { durable, kind: name => machineDisk.kind(name) });
  const sum = { files: 0, bytes: 0, there: 0 };
  const beside: string[] = [];
  const leftOut: string[] = [];
  const running = new Set<Promise<void>>();
  let failure: { readonly thrown: unknown } | undefined;
  let incoming: Incoming | undefined;

  /** Hands a whole file over to be put in place, beside at most so many others. */
  async function finishLater(file: Incoming, sha256: string): Promise<void> {
    while (running.size >= FINISHED_AT_ONCE) await Promise.race(running);
    const work = putInPlace(file, sha256, place, durable)
      .then(({ there, renamed }) => {
        sum.files += 1;
        sum.bytes += file.size;
        if (there) sum.there += 1;
        if (renamed !== undefined) beside.push(`${file.profile}/${file.path} -> ${renamed}`);
      })
      .catch((thrown: unknown) => {
        failure ??= { thrown };
      })
      .finally(() => running.delete(work));
    running.add(work);
  }

  try {
    for await (const frame of frames) {
      if (signal?.aborted) throw new Fault('STOP-01', incoming?.path ?? 'restore');
      if (failure !== undefined) throw failure.thrown;
      if (frame.kind === 'folder') await place.folder(frame.profile, frame.path);
      else if (frame.kind === 'left-out') leftOut.push(`${frame.profile}/${frame.path}: ${frame.reason}`);
      else if (frame.kind === 'file') incoming = await begin(frame, place);
      else if (frame.kind === 'data' && incoming !== undefined)
        await take(incoming, frame.bytes, place, durable);
      else if (frame.kind === 'file-dropped' && incoming !== undefined) {
        await discard(incoming, durable);
        incoming = undefined;
      } else if (frame.kind === 'file-end' && incoming !== undefined) {
        await finishLater(incoming, frame.sha256);
        incoming = undefined;
      }
    }
  } finally {
    // All have ended before anything is told: the caller may go on with the folder.
    await Promise.all(running);
    await incoming?.partial?.file.close();
  }
  if (failure !== undefined) throw failure.thrown;
  return { ...sum, beside, leftOut };
}

async function begin(
  { profile, path: whole, modified }: Extract<Frame, { readonly kind: 'file' }>,
  place: RestorePlace,
): Promise<Incoming> {
  const slash = whole.lastIndexOf('/');
  return {
    profile,
    path: whole,
    folder: await place.folder(profile, whole.slice(0, Math.max(slash, 0))),
    name: whole.slice(slash + 1),
    modified: new Date(modified),
    pieces: [],
    hash: createHash('sha256'),
    size: 0,
  };
}

async function take(
  file: Incoming,
  bytes: Uint8Array,
  place: RestorePlace,
  durable: DurableFiles,
): Promise<void> {
  file.hash.update(bytes);
  const before = file.size;
  file.size += bytes.length;
  if (file.partial === undefined && file.size <= SMALL_BYTES) {
    // A copy: the frame is a window into a whole chunk, which would stay in memory with it.
    file.pieces.push(Uint8Array.from(bytes));
    return;
  }
  if (file.partial === undefined) await spill(file, place, durable);
  await file.partial?.file.write(bytes, before);
}

/** Opens the partial file in the file's own folder and writes what has waited. Who owns the profile may be at work in it: no link is followed. */
async function spill(file: Incoming, place: RestorePlace, durable: DurableFiles): Promise<void> {
  await place.confirm(file.folder);
  const short = createHash('sha256').update(file.path).digest('hex').slice(0, 32);
  const name = path.join(file.folder, `${short}${PARTIAL_SUFFIX}`);
  const partial = await durable.openPartial(name);
  file.partial = { name, file: partial };
  await partial.truncate(0);
  let position = 0;
  for (const piece of file.pieces.splice(0)) {
    await partial.write(piece, position);
    position += piece.length;
  }
}

async function discard({ partial }: Incoming, durable: DurableFiles): Promise<void> {
  if (partial === undefined) return;
  await partial.file.close();
  await durable.remove(partial.name);
}

/** Closes the partial file whatever happens; one that a fault leaves behind is overwritten by the next attempt. */
async function putInPlace(
  file: Incoming,
  sha256: string,
  place: RestorePlace,
  durable: DurableFiles,
): Promise<Placed> {
  try {
    return await flushAndRename(file, sha256, place, durable);
  } finally {
    await file.partial?.file.close();
  }
}

async function flushAndRename(
  file: Incoming,
  sha256: string,
  place: RestorePlace,
  durable: DurableFiles,
): Promise<Placed> {
  if (file.hash.digest('hex') !== sha256)
    throw new Fault('STATE-01', `${file.profile}/${file.path}`, { expected: sha256, found: 'other bytes' });
  const isSame = async (existing: string): Promise<boolean> =>
    (await lstat(existing)).size === file.size && (await hashFile(existing)) === sha256;
  const { target, there, renamed } = await place.claim(file.folder, file.name, isSame);
  const told = renamed ? { renamed: path.basename(target) } : {};
  if (there) {
    await discard(file, durable);
    return { there, ...told };
  }
  if (file.partial === undefined) await spill(file, place, durable);
  const { name, file: partial } = file.partial!;
  await partial.flush();
  await partial.close();
  await place.confirm(file.folder);
  await durable.setModified(name, file.modified);
  await durable.rename(name, target);
  return { there, ...told };
}
