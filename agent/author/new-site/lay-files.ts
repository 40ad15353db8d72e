// Large files of the author's own, laid into a site: a second name where the disk has one to give, else a copy that shows how far it is. Under its
// final name a file is whole or absent.
import { type FileHandle, open, stat } from 'node:fs/promises';
import path from 'node:path';
import type { DurableFiles } from '../../durable/durable-files.ts';
import { Fault } from '../../fault/fault.ts';
import type { Clock } from '../../progress/clock.ts';
import type { Observe } from '../../progress/event.ts';

/** A file, and where it shall lie. */
export interface FileToLay {
  readonly from: string;
  readonly to: string;
  readonly size: number;
}

export interface LayWorld {
  readonly durable: DurableFiles;
  readonly observe: Observe;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

const BLOCK_BYTES = 4 * 1024 * 1024;

/** @returns what is there already: the same file, or a copy that an earlier run made of it; undefined for a name that is free. */
export async function isLaid({ from, to }: FileToLay): Promise<boolean | undefined> {
  const there = await stat(to, { bigint: true }).catch(() => undefined); // Absent is the wish.
  if (there === undefined) return undefined;
  const source = await stat(from, { bigint: true });
  const isSame = there.dev === source.dev && there.ino === source.ino;
  // A copy gets the time of its original, in whole milliseconds.
  const isCopy = there.size === source.size && there.mtimeMs === source.mtimeMs;
  return isSame || (there.isFile() && isCopy);
}

/** Durable when it resolves; a cut leaves `.partial` beside the names that are not there yet. Faults: USAGE-08, DISK-*, STOP-01. */
export async function layFiles(files: readonly FileToLay[], subject: string, world: LayWorld): Promise<void> {
  const { durable, observe, clock } = world;
  if (files.length === 0) return;
  const began = clock.ticks();
  const totalBytes = files.reduce((sum, file) => sum + file.size, 0);
  let doneBytes = 0;
  observe({ kind: 'started', stage: 'site', subject, totalBytes });
  for (const file of files) {
    await durable.makeFolder(path.dirname(file.to));
    const target = await stat(path.dirname(file.to));
    const source = await stat(file.from);
    const advance = (bytes: number): void => {
      doneBytes += bytes;
      observe({ kind: 'advanced', stage: 'site', subject, doneBytes, totalBytes });
    };
    if (source.dev === target.dev) {
      await durable.linkOrCopy(file.from, file.to);
      advance(file.size);
    } else await copy(file, source.mtime, advance, world);
  }
  observe({ kind: 'finished', stage: 'site', subject, seconds: (clock.ticks() - began) / 1000 });
}

async function copy(
  { from, to, size }: FileToLay,
  modified: Date,
  advance: (bytes: number) => void,
  { durable, signal }: LayWorld,
): Promise<void> {
  const partial = `${to}.partial`;
  const source = await openSource(from);
  const target = await durable.openPartial(partial);
  try {
    const block = Buffer.alloc(BLOCK_BYTES);
    let at = 0;
    for (;;) {
      if (signal?.aborted) throw new Fault('STOP-01', from, {}, { cause: signal.reason });
      const { bytesRead } = await source.read(block, 0, block.length, at);
      if (bytesRead === 0) break;
      await target.write(block.subarray(0, bytesRead), at);
      at += bytesRead;
      advance(bytesRead);
    }
    if (at !== size) throw new Fault('USAGE-13', from, { expected: `${size} bytes`, found: `${at} bytes` });
    await target.truncate(at);
    await target.flush();
  } finally {
    await source.close();
    await target.close();
  }
  await durable.setModified(partial, modified);
  await durable.rename(partial, to);
}

async function openSource(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (cause) {
    throw new Fault('USAGE-08', file, {}, { cause });
  }
}
