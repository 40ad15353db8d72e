// Method `files`: the folders of people's profiles, no registry and no application settings, as frames in encrypted packs. A file that cannot be
// read to its end is left out and named; one that changes meanwhile is taken and marked. 1 MiB of a file is in memory.
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { Fault } from '../fault/fault.ts';
import type { Advance } from '../progress/event.ts';
import type { FileChoice } from './choose-files.ts';
import { encodeFrame, FRAME_MAX_BYTES, type Frame, storedTime } from './frames.ts';
import { type Found, reasonOf, type Users, walkProfiles } from './walk-profiles.ts';
import type { PackWriter } from './write-packs.ts';

/** What there is to take, by profile: asked before, for the screen and for the room that is needed. */
export interface StateSize {
  readonly files: number;
  readonly bytes: number;
  readonly profiles: readonly { readonly name: string; readonly files: number; readonly bytes: number }[];
}

export interface CapturedFiles {
  readonly files: number;
  readonly folders: number;
  readonly bytes: number;
  readonly leftOut: number;
  /** The first of those left out, and of those that changed while they were read, for the screen. */
  readonly remarks: readonly string[];
}

export interface CaptureFilesRequest {
  readonly users: Users;
  readonly choice: FileChoice;
  readonly writer: PackWriter;
  readonly totalBytes: number;
  readonly advance: Advance;
  readonly signal?: AbortSignal;
}

const REMARKS_SHOWN = 20;

/** Looks at names and sizes alone. */
export async function measureProfiles(users: Users, choice: FileChoice): Promise<StateSize> {
  const profiles = new Map(users.profiles.map(name => [name, { name, files: 0, bytes: 0 }]));
  for await (const found of walkProfiles(users, choice)) {
    const profile = profiles.get(found.profile);
    if (found.kind !== 'file' || profile === undefined) continue;
    profile.files += 1;
    profile.bytes += found.size;
  }
  const all = [...profiles.values()];
  return {
    files: all.reduce((sum, { files }) => sum + files, 0),
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
    profiles: all,
  };
}

/** Writes the whole stream, its end included; finishing the packs is the caller's. Faults: those of the writer, STOP-01. */
export async function captureFiles(request: CaptureFilesRequest): Promise<CapturedFiles> {
  const { users, choice, writer, signal } = request;
  const sum = { files: 0, folders: 0, bytes: 0, leftOut: 0 };
  const remarks: string[] = [];
  const remark = (found: Found, words: string): void => {
    if (remarks.length < REMARKS_SHOWN) remarks.push(`${found.profile}/${found.path}: ${words}`);
  };
  const write = (frame: Frame): Promise<void> => writer.write(encodeFrame(frame));
  const leaveOut = async (found: Found, reason: string): Promise<void> => {
    await write({ kind: 'left-out', profile: found.profile, path: found.path, reason });
    sum.leftOut += 1;
    remark(found, reason);
  };
  for await (const found of walkProfiles(users, choice)) {
    if (signal?.aborted) throw new Fault('STOP-01', found.path);
    const { profile, path } = found;
    if (found.kind === 'left-out') await leaveOut(found, found.reason);
    else if (found.kind === 'folder') {
      await write({ kind: 'folder', profile, path });
      sum.folders += 1;
    } else {
      const taken = await captureFile(found, request, write, sum.bytes);
      if ('reason' in taken) await leaveOut(found, taken.reason);
      else {
        sum.files += 1;
        sum.bytes += taken.size;
        if (taken.changed) remark(found, 'changed while it was read');
      }
    }
  }
  await write({ kind: 'end', ...sum });
  return { ...sum, remarks };
}

type Taken = { readonly size: number; readonly changed: boolean } | { readonly reason: string };

async function captureFile(
  { profile, path, file }: Extract<Found, { readonly kind: 'file' }>,
  { advance, totalBytes, signal }: CaptureFilesRequest,
  write: (frame: Frame) => Promise<void>,
  before: number,
): Promise<Taken> {
  const opened = await open(file, 'r').catch((error: unknown) => reasonOf(error));
  if (typeof opened === 'string') return { reason: opened };
  try {
    const first = await opened.stat();
    await write({ kind: 'file', profile, path, modified: storedTime(first.mtimeMs) });
    const hash = createHash('sha256');
    const piece = Buffer.alloc(Math.min(FRAME_MAX_BYTES, first.size + 1));
    let size = 0;
    for (;;) {
      if (signal?.aborted) throw new Fault('STOP-01', file);
      const read = await readPiece(opened, piece, size);
      if (typeof read === 'string') {
        await write({ kind: 'file-dropped', reason: read });
        return { reason: read };
      }
      if (read === 0) break;
      const bytes = piece.subarray(0, read);
      hash.update(bytes);
      await write({ kind: 'data', bytes });
      size += read;
      advance(Math.min(before + size, totalBytes), totalBytes);
    }
    const changed = size !== first.size || (await opened.stat()).mtimeMs !== first.mtimeMs;
    const sha256 = hash.digest('hex');
    await write({ kind: 'file-end', size, sha256, ...(changed ? { changed } : {}) });
    return { size, changed };
  } finally {
    await opened.close();
  }
}

/** @returns how many bytes there were, 0 at the end; in words why not. */
async function readPiece(handle: FileHandle, into: Uint8Array, position: number): Promise<number | string> {
  return await handle.read(into, 0, into.length, position).then(
    ({ bytesRead }) => bytesRead,
    (error: unknown) => reasonOf(error),
  );
}
