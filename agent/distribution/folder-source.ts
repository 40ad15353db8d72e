// A share or folder as a distribution point: the same static tree, read through the file system. No read is waited for longer than a server would be.
import { open } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '../fault/fault.ts';
import { type Clock, systemClock } from '../progress/clock.ts';
import { readWithin, type ThrottleWorld, takeBandwidth } from './bandwidth-throttle.ts';
import { folderFault } from './folder-fault.ts';
import { MOST_READ_BYTES, openReadPace, type ReadPace } from './read-pace.ts';
import { type Patience, retrying } from './retry.ts';
import { type ShareConnections, shareOf } from './share-connections.ts';
import { type GatedReads, openShareGate, type ShareGate } from './share-gate.ts';
import type { DocumentOptions, ReadOptions, Source, SourceAddress } from './source.ts';
import { defaultTransferSettings, type TransferSettings } from './transfer-settings.ts';

/** What a folder source works with. */
export interface FolderSourceWorld {
  readonly settings: Pick<
    TransferSettings,
    'stallTimeoutMs' | 'bandwidth' | 'retryCount' | 'retryDelayMs' | 'longestWaitMs'
  >;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Told of each wait before something is read again. */
  readonly onPause?: Patience['onPause'];
  /** Shared with the other folders of this thread. */
  readonly gate?: ShareGate;
  /** Where shares can be connected with an account. */
  readonly shares?: ShareConnections;
}

/** @param root the folder as node:fs takes it. Its existence is not checked until something is read. */
export function openFolderSource(
  address: SourceAddress,
  root: string,
  world: FolderSourceWorld = { settings: defaultTransferSettings },
): Source {
  const reads = (world.gate ?? openShareGate()).forSource(world.settings);
  const { settings, clock = systemClock, shares, random = Math.random, onPause } = world;
  const isShare = shareOf(root) !== undefined;
  // A local disk takes nothing of the network.
  const line: ThrottleWorld = { settings: isShare ? settings : {}, clock };
  const openPace = (): ReadPace => openReadPace(settings, clock);
  const place: Place = { root, reads, line, isShare, openPace, ...(shares === undefined ? {} : { shares }) };
  // What is not plugged in does not come with waiting. A share may, and so may a folder that was there.
  let mayComeBack = isShare;
  // A share says NET-04 of much that passes, a disk of a bad sector. A read that hangs (NET-05) is still under way.
  const isPassing = (thrown: unknown): thrown is Fault =>
    thrown instanceof Fault && (thrown.code === 'NET-01' ? mayComeBack : isShare && thrown.code === 'NET-04');
  const patiently = async <T>(attempt: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
    // Read anew each time: a task sequence may change them.
    const { retryCount, retryDelayMs, longestWaitMs } = settings;
    const patience = {
      retryCount,
      retryDelayMs,
      longestWaitMs,
      random,
      onPause,
      ...(signal ? { signal } : {}),
    };
    const result = await retrying(attempt, patience, isPassing);
    mayComeBack = true;
    return result;
  };
  return {
    name: address.url,
    priority: address.priority,
    ...(address.level === undefined ? {} : { level: address.level }),
    // Without `address`: one thread reads it. A worker whose read hangs could not be ended, and what looks like a folder of this machine may be a
    // mounted share. Several threads were no faster (400 MB from disk to disk: 6.7 s with two, 3.2 s with one).
    readDocument: (name, options) =>
      patiently(
        () => withFile(place, name, options.signal, file => readWhole(place, file, options)),
        options.signal,
      ),
    async read(name, options) {
      const { signal } = options;
      const validator = await patiently(
        () => withFile(place, name, signal, async file => judge(file, options)),
        signal,
      );
      return { validator, bytes: piecesOf(place, name, { ...options, validator }) };
    },
    close: async () => {},
  };
}

interface Place {
  readonly root: string;
  readonly reads: GatedReads;
  readonly line: ThrottleWorld;
  readonly isShare: boolean;
  readonly openPace: () => ReadPace;
  readonly shares?: ShareConnections;
}

/** A document, whatever its size was a moment ago: one byte beyond the cap tells that there is more. */
async function readWhole(
  place: Place,
  file: PlainFile,
  { maxBytes, signal, onAnswer }: DocumentOptions,
): Promise<Uint8Array> {
  onAnswer?.();
  const bytes = new Uint8Array(Math.min(file.size, maxBytes) + 1);
  const pace = place.openPace();
  let got = 0;
  while (got < bytes.length) {
    const piece = bytes.subarray(got, got + Math.min(pace.bytes(), readWithin(place.line)));
    await take(piece.length, place, file, signal);
    const more = await pace.run(() => file.read(piece, got));
    if (more === 0) break;
    got += more;
  }
  if (got > maxBytes)
    throw new Fault('TRUST-08', file.subject, {
      expected: `at most ${maxBytes} bytes`,
      found: Math.max(got, file.size),
    });
  return bytes.subarray(0, got);
}

async function* piecesOf(
  place: Place,
  name: string,
  { expectedSize, range = { start: 0, end: expectedSize }, validator, signal }: ReadOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await openPlainFile(place, name, signal);
  try {
    judge(file, { expectedSize, ...(validator === undefined ? {} : { validator }) });
    const buffer = new Uint8Array(Math.min(MOST_READ_BYTES, range.end - range.start));
    const pace = place.openPace();
    for (let at = range.start; at < range.end; ) {
      const piece = buffer.subarray(0, Math.min(pace.bytes(), readWithin(place.line), range.end - at));
      await take(piece.length, place, file, signal);
      const position = at;
      const got = await pace
        .run(() => readFully(file.read, piece, position))
        .catch(thrown => {
          throw place.isShare ? brokenOff(thrown) : thrown;
        });
      if (got < piece.length)
        throw new Fault('NET-06', file.subject, {
          expected: `${range.end} bytes`,
          found: `${at + got} bytes`,
        });
      yield piece;
      at += got;
    }
  } finally {
    await file.close();
  }
}

/** A share says NET-04 of much that passes: in the middle of a file it is a transfer that broke, which its reader resumes. */
function brokenOff(thrown: unknown): unknown {
  if (!(thrown instanceof Fault) || thrown.code !== 'NET-04') return thrown;
  return new Fault('NET-06', thrown.subject, thrown.detail, { cause: thrown });
}

/** Waits until the run may take so many bytes more of the network. */
async function take(
  bytes: number,
  { line }: Place,
  { subject }: PlainFile,
  signal: AbortSignal | undefined,
): Promise<void> {
  await takeBandwidth(bytes, line, signal).catch(cause => {
    throw new Fault('STOP-01', subject, {}, { cause });
  });
}

/** A file of another size is not the one that the manifest names; one of another time or number is not the one an earlier range came from. */
function judge(file: PlainFile, asked: Pick<ReadOptions, 'expectedSize' | 'validator'>): string {
  if (file.size !== asked.expectedSize)
    throw new Fault('CONTENT-08', file.subject, {
      expected: `${asked.expectedSize} bytes`,
      found: `${file.size} bytes`,
    });
  if (asked.validator !== undefined && asked.validator !== file.validator) {
    throw new Fault('NET-11', file.subject, { expected: asked.validator, found: file.validator });
  }
  return file.validator;
}

type Read = (into: Uint8Array, position: number) => Promise<number>;

interface PlainFile {
  readonly subject: string;
  readonly size: number;
  readonly validator: string;
  readonly read: Read;
  close(): Promise<void>;
}

async function withFile<T>(
  place: Place,
  name: string,
  signal: AbortSignal | undefined,
  use: (file: PlainFile) => Promise<T>,
): Promise<T> {
  const file = await openPlainFile(place, name, signal);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

async function openPlainFile(
  { root, reads, shares }: Place,
  name: string,
  signal: AbortSignal | undefined,
): Promise<PlainFile> {
  const subject = path.join(root, ...safeParts(root, name));
  const gated = <T>(operation: () => Promise<T>, late?: (value: T) => unknown): Promise<T> =>
    reads.run(subject, operation, { signal, ...(late === undefined ? {} : { late }) });
  const named = <T>(operation: () => Promise<T>, late?: (value: T) => unknown): Promise<T> =>
    gated(operation, late).catch(async thrown => {
      if (thrown instanceof Fault) throw thrown;
      throw await folderFault(thrown, subject, root, gated);
    });
  if (shares !== undefined) await gated(() => shares.connect(root));
  const handle = await named(
    () => open(subject, 'r'),
    // It came when nobody waited any more.
    late => late.close().catch(() => {}),
  );
  const close = async (): Promise<void> => {
    // Of what was only read nothing can be lost: a close that fails or hangs is nobody's concern.
    const closing = handle.close().catch(() => {});
    await reads.run(subject, () => closing).catch(() => {});
  };
  try {
    const found = await named(() => handle.stat({ bigint: true }));
    if (!found.isFile()) throw new Fault('NET-02', subject, { found: 'not a file' });
    return {
      subject,
      size: Number(found.size),
      validator: `${found.size}-${found.mtimeNs}-${found.ino}`,
      read: async (into, position) =>
        (await named(() => handle.read(into, 0, into.length, position))).bytesRead,
      close,
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

async function readFully(read: Read, into: Uint8Array, position: number): Promise<number> {
  let got = 0;
  while (got < into.length) {
    const more = await read(into.subarray(got), position + got);
    if (more === 0) break;
    got += more;
  }
  return got;
}

/** Manifests have passed stricter rules; this holds for every path, since a share must not be a way to any other file. */
function safeParts(root: string, name: string): readonly string[] {
  const parts = name.split('/');
  if (
    parts.some(
      part => part === '' || part === '.' || part === '..' || part.includes('\\') || part.includes('\0'),
    )
  ) {
    throw new Fault('TRUST-09', name, { found: root });
  }
  return parts;
}
