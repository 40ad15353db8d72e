// Takes the bytes of a file as they arrive, proves them chunk by chunk in memory, and writes only what is proven. Many chunks go to the
// disk in one write, and while that is under way the next bytes are taken in.
import { hash } from 'node:crypto';
import type { ChunkIndex } from '../content/chunk-index.ts';
import { MAX_CHUNK_BYTES } from '../content/chunking.ts';
import type { PartialFile } from '../durable/durable-files.ts';

/**
 * A cut loses at most twice this of a connection's transfer (one stretch being flushed, one coming in) and the chunks in memory. Longer stretches let the disk
 * wait, shorter ones cost more than they give (measured: 8, 16, 24, 32, 64, 128 MiB).
 */
const FLUSH_EVERY_BYTES = 16 * 1024 * 1024;

/** Proven bytes that are not written yet; a process that is killed loses them. One chunk of the longest kind fits, and a write of so many is not slower than a longer one. */
const UNWRITTEN_BYTES = MAX_CHUNK_BYTES;

/** Where less than this comes at once the line is slow, and the next bytes are long in coming: as many as that, about one chunk, are not kept for them. */
const WORTH_A_WRITE_BYTES = 64 * 1024;

/** A chunk whose bytes are not the ones that its index names. */
export interface RottenChunk {
  readonly chunk: number;
  readonly found: string;
}

export interface ChunkWriterOptions {
  readonly index: ChunkIndex;
  readonly partial: PartialFile;
  /** Memory to gather chunks in; at least two chunks of the longest kind. */
  readonly scratch: Uint8Array;
  /** Which chunks are wanted; the bytes of others are passed over. Called once per chunk. */
  readonly wants: (chunk: number) => boolean;
  /** A chunk is proven and on its way to the disk. */
  readonly proven: (chunk: number) => void;
}

export interface ChunkWriter {
  /** Where the bytes that follow begin: the offset of this chunk. */
  begin(chunk: number): Promise<void>;
  /** Takes the next bytes. Answers the first chunk that is rotten; the bytes after it are not looked at. */
  take(bytes: Uint8Array): Promise<RottenChunk | undefined>;
  /** Writes what is proven and still in memory; with `flush`, waits until all of it is durable. @returns how many written bytes are not flushed. */
  settle(flush: boolean): Promise<number>;
}

export function openChunkWriter({ index, partial, scratch, wants, proven }: ChunkWriterOptions): ChunkWriter {
  const half = Math.min(scratch.length >> 1, UNWRITTEN_BYTES);
  const halves = [scratch.subarray(0, half), scratch.subarray(half)] as const;
  let buffer = halves[0];
  /** The file offset of the buffer's first byte, how many of its bytes are proven, and how many bytes of the current chunk follow those. */
  let bufferOffset = 0;
  let provenBytes = 0;
  let chunkBytes = 0;
  let chunk = 0;
  let passingOver = 0;
  let unflushedBytes = 0;
  let writing: Promise<void> = Promise.resolve();
  let flushing: Promise<void> = Promise.resolve();

  /** One write is under way at most; while it is, the other half is filled. What has come of the current chunk moves over. */
  async function writeProven(): Promise<void> {
    await writing;
    if (provenBytes === 0) return;
    const bytes = buffer.subarray(0, provenBytes);
    const offset = bufferOffset;
    unflushedBytes += provenBytes;
    writing = partial.write(bytes, offset);
    // Awaited at the next write or at `settle`; until then nobody would hear of a failure, and Node ends the process for that.
    writing.catch(() => {});
    if (unflushedBytes >= FLUSH_EVERY_BYTES) await beginFlush();
    const other = buffer === halves[0] ? halves[1] : halves[0];
    other.set(buffer.subarray(provenBytes, provenBytes + chunkBytes));
    buffer = other;
    bufferOffset += provenBytes;
    provenBytes = 0;
  }

  /** The disk works on what it has while the next bytes come in; only when it is a whole stretch behind does the transfer wait for it. */
  async function beginFlush(): Promise<void> {
    await writing;
    await flushing;
    unflushedBytes = 0;
    flushing = partial.flush();
    flushing.catch(() => {});
  }

  async function beginChunk(): Promise<void> {
    chunkBytes = 0;
    passingOver = 0;
    if (chunk >= index.count) return;
    if (!wants(chunk)) {
      passingOver = index.length(chunk);
      return;
    }
    const follows = bufferOffset + provenBytes === index.offset(chunk);
    if (provenBytes > 0 && (!follows || provenBytes + index.length(chunk) > half)) await writeProven();
    if (provenBytes === 0) bufferOffset = index.offset(chunk);
  }

  function endChunk(): RottenChunk | undefined {
    const bytes = buffer.subarray(provenBytes, provenBytes + chunkBytes);
    const found = hash('sha256', bytes, 'buffer');
    if (!found.equals(index.digest(chunk))) return { chunk, found: found.toString('hex') };
    provenBytes += chunkBytes;
    proven(chunk);
    return undefined;
  }

  return {
    async begin(first) {
      chunk = first;
      await beginChunk();
    },
    async take(bytes) {
      for (let at = 0; at < bytes.length && chunk < index.count; ) {
        const left = passingOver > 0 ? passingOver : index.length(chunk) - chunkBytes;
        const part = bytes.subarray(at, at + left);
        at += part.length;
        if (passingOver > 0) {
          passingOver -= part.length;
        } else {
          buffer.set(part, provenBytes + chunkBytes);
          chunkBytes += part.length;
        }
        if (part.length < left) continue;
        const rotten = chunkBytes > 0 ? endChunk() : undefined;
        if (rotten) return rotten;
        chunk++;
        await beginChunk();
      }
      if (bytes.length < WORTH_A_WRITE_BYTES && provenBytes >= WORTH_A_WRITE_BYTES) await writeProven();
      return undefined;
    },
    async settle(flush) {
      await writeProven();
      await writing;
      if (flush && unflushedBytes > 0) await beginFlush();
      await flushing;
      return unflushedBytes;
    },
  };
}
