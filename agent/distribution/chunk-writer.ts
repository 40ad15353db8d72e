// Takes the bytes of a file as they arrive, proves them chunk by chunk in memory, and writes only what is proven. From a near server many chunks come at once:
// they are proven and written where they lie. What comes in smaller pieces is gathered; while the disk takes one stretch of it, the next one is.
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

/** Where so much comes at once, nothing is gained by gathering more, and to copy it costs. */
const WRITTEN_AS_IT_LIES_BYTES = MAX_CHUNK_BYTES;

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
  /** The file offset of the buffer's first byte, and how many of its bytes are proven; those of the current chunk follow. */
  let bufferOffset = 0;
  let provenBytes = 0;
  /** The chunk whose bytes come next, whether it is wanted, and how many have come. */
  let chunk = 0;
  let wanted = false;
  let chunkBytes = 0;
  let unflushedBytes = 0;
  let writing: Promise<void> = Promise.resolve();
  let flushing: Promise<void> = Promise.resolve();

  /** One write is under way at most. */
  async function write(bytes: Uint8Array, offset: number): Promise<void> {
    await writing;
    unflushedBytes += bytes.length;
    writing = partial.write(bytes, offset);
    // Awaited at the next write or at `settle`; until then nobody would hear of a failure, and Node ends the process for that.
    writing.catch(() => {});
    if (unflushedBytes >= FLUSH_EVERY_BYTES) await beginFlush();
  }

  /** The disk works on what it has while the next bytes come in; only when it is a whole stretch behind does the transfer wait for it. */
  async function beginFlush(): Promise<void> {
    await writing;
    await flushing;
    unflushedBytes = 0;
    flushing = partial.flush();
    flushing.catch(() => {});
  }

  /** While it is written, the other half is filled. What has come of the current chunk moves over. */
  async function writeProven(): Promise<void> {
    if (provenBytes === 0) return await writing;
    await write(buffer.subarray(0, provenBytes), bufferOffset);
    const other = buffer === halves[0] ? halves[1] : halves[0];
    other.set(buffer.subarray(provenBytes, provenBytes + chunkBytes));
    buffer = other;
    bufferOffset += provenBytes;
    provenBytes = 0;
  }

  function enter(next: number): void {
    chunk = next;
    wanted = chunk < index.count && wants(chunk);
    chunkBytes = 0;
  }

  /** For the whole of the current chunk, behind what is proven. */
  async function makeRoom(): Promise<void> {
    const follows = bufferOffset + provenBytes === index.offset(chunk);
    if (provenBytes > 0 && (!follows || provenBytes + index.length(chunk) > half)) await writeProven();
    if (provenBytes === 0) bufferOffset = index.offset(chunk);
  }

  function prove(bytes: Uint8Array): RottenChunk | undefined {
    const found = hash('sha256', bytes, 'buffer');
    if (!found.equals(index.digest(chunk))) return { chunk, found: found.toString('hex') };
    proven(chunk);
    return undefined;
  }

  async function gather(part: Uint8Array): Promise<RottenChunk | undefined> {
    if (chunkBytes === 0) await makeRoom();
    buffer.set(part, provenBytes + chunkBytes);
    chunkBytes += part.length;
    if (chunkBytes < index.length(chunk)) return undefined;
    const rotten = prove(buffer.subarray(provenBytes, provenBytes + chunkBytes));
    if (rotten) return rotten;
    provenBytes += chunkBytes;
    enter(chunk + 1);
    return undefined;
  }

  /** Takes the wanted chunks that lie whole in these bytes, of which the first does. @returns how many bytes they are. */
  async function takeWhole(
    bytes: Uint8Array,
  ): Promise<{ readonly taken: number; readonly rotten?: RottenChunk }> {
    await writeProven();
    const offset = index.offset(chunk);
    let taken = 0;
    let rotten: RottenChunk | undefined;
    while (wanted && taken + index.length(chunk) <= bytes.length) {
      const end = taken + index.length(chunk);
      rotten = prove(bytes.subarray(taken, end));
      if (rotten) break;
      taken = end;
      enter(chunk + 1);
    }
    if (taken > 0) await write(bytes.subarray(0, taken), offset);
    // The bytes are the caller's again.
    await writing;
    return { taken, ...(rotten && { rotten }) };
  }

  return {
    async begin(first) {
      enter(first);
      if (wanted) await makeRoom();
    },
    async take(bytes) {
      for (let at = 0; at < bytes.length && chunk < index.count; ) {
        const part = bytes.subarray(at, at + index.length(chunk) - chunkBytes);
        if (!wanted) {
          at += part.length;
          chunkBytes += part.length;
          if (chunkBytes === index.length(chunk)) enter(chunk + 1);
        } else if (part.length === index.length(chunk) && bytes.length >= WRITTEN_AS_IT_LIES_BYTES) {
          const { taken, rotten } = await takeWhole(bytes.subarray(at));
          if (rotten) return rotten;
          at += taken;
        } else {
          const rotten = await gather(part);
          if (rotten) return rotten;
          at += part.length;
        }
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
