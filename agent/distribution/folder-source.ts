// A share or folder as a distribution point: the same static tree, read through the file system.
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '../fault/fault.ts';
import type { ReadOptions, Source, SourceAddress, SourceStream } from './source.ts';

const PIECE_BYTES = 1024 * 1024;

/** @param root the folder as node:fs takes it. Its existence is not checked until something is read. */
export function openFolderSource(address: SourceAddress, root: string): Source {
  return {
    name: address.url,
    priority: address.priority,
    address,
    async readDocument(name, { maxBytes, signal }) {
      return withFile(root, name, async (file, subject) => {
        refuseWhenStopped(subject, signal);
        // One byte beyond the cap tells that there is more, whatever the size said a moment ago.
        const bytes = new Uint8Array(Math.min(file.size, maxBytes) + 1);
        const got = await readFully(file.read, bytes, 0);
        if (got > maxBytes)
          throw new Fault('TRUST-08', subject, {
            expected: `at most ${maxBytes} bytes`,
            found: Math.max(got, file.size),
          });
        return bytes.subarray(0, got);
      });
    },
    read: (name, options) => readRange(root, name, options),
    close: async () => {},
  };
}

async function readRange(root: string, name: string, options: ReadOptions): Promise<SourceStream> {
  const { expectedSize, range = { start: 0, end: expectedSize }, signal } = options;
  const validator = await withFile(root, name, async (file, subject) => judge(file, subject, options));
  const pieces = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    const handle = await openPlainFile(root, name);
    try {
      judge(handle, handle.subject, { expectedSize, validator });
      const buffer = new Uint8Array(Math.min(PIECE_BYTES, range.end - range.start));
      for (let at = range.start; at < range.end; ) {
        refuseWhenStopped(handle.subject, signal);
        const piece = buffer.subarray(0, Math.min(PIECE_BYTES, range.end - at));
        const got = await readFully(handle.read, piece, at);
        if (got < piece.length)
          throw new Fault('NET-06', handle.subject, {
            expected: `${range.end} bytes`,
            found: `${at + got} bytes`,
          });
        yield piece;
        at += got;
      }
    } finally {
      await handle.close();
    }
  };
  return { validator, bytes: pieces() };
}

/** A file of another size is not the one that the manifest names; one of another time or number is not the one an earlier range came from. */
function judge(
  file: PlainFile,
  subject: string,
  asked: Pick<ReadOptions, 'expectedSize' | 'validator'>,
): string {
  if (file.size !== asked.expectedSize)
    throw new Fault('CONTENT-08', subject, {
      expected: `${asked.expectedSize} bytes`,
      found: `${file.size} bytes`,
    });
  if (asked.validator !== undefined && asked.validator !== file.validator) {
    throw new Fault('NET-11', subject, { expected: asked.validator, found: file.validator });
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
  root: string,
  name: string,
  use: (file: PlainFile, subject: string) => Promise<T>,
): Promise<T> {
  const file = await openPlainFile(root, name);
  try {
    return await use(file, file.subject);
  } finally {
    await file.close();
  }
}

async function openPlainFile(root: string, name: string): Promise<PlainFile> {
  const subject = path.join(root, ...safeParts(root, name));
  const named = async <T>(work: Promise<T>): Promise<T> =>
    work.catch(async cause => Promise.reject(await folderFault(cause, subject, root)));
  const handle = await named(open(subject, 'r'));
  try {
    const found = await named(handle.stat({ bigint: true }));
    if (!found.isFile()) throw new Fault('NET-02', subject, { found: 'not a file' });
    return {
      subject,
      size: Number(found.size),
      validator: `${found.size}-${found.mtimeNs}-${found.ino}`,
      read: async (into, position) => (await named(handle.read(into, 0, into.length, position))).bytesRead,
      close: () => handle.close(),
    };
  } catch (thrown) {
    await handle.close();
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

/** The same names as over HTTP, so that a reader need not know which kind of source it has. */
async function folderFault(cause: unknown, subject: string, root: string): Promise<Fault> {
  const native =
    cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
  if (native === 'ENOENT' || native === 'ENOTDIR') {
    const there = await stat(root).then(
      found => found.isDirectory(),
      () => false,
    );
    return new Fault(there ? 'NET-02' : 'NET-01', subject, { native }, { cause });
  }
  if (native === 'EACCES' || native === 'EPERM') return new Fault('NET-03', subject, { native }, { cause });
  return new Fault('NET-04', subject, { native }, { cause });
}

function refuseWhenStopped(subject: string, signal?: AbortSignal): void {
  if (signal?.aborted) throw new Fault('STOP-01', subject);
}
