// Writes a stream as encrypted pack files: chunks of 1 MiB, each sealed with AES-256-GCM for its very place, so that none can be changed, moved,
// left out or taken from another capture unnoticed. One chunk is in memory.
import { createCipheriv, createHash, type Hash } from 'node:crypto';
import path from 'node:path';
import type { DurableFiles, PartialFile } from '../durable/durable-files.ts';
import { chunkNonce, chunkPlace, PACK_CHUNK_BYTES, PACK_CHUNKS, packName, TAG_BYTES } from './pack-format.ts';
import type { StoredFile } from './state-document.ts';

export interface PackWriter {
  write(pieces: readonly Uint8Array[]): Promise<void>;
  /** Seals the last chunk, flushes and closes. @returns the packs in their order. */
  finish(): Promise<readonly StoredFile[]>;
  /** Closes without flushing; what was written is of no use. Safe after finish. */
  close(): Promise<void>;
}

export interface PackWriterRequest {
  /** An existing folder. */
  readonly folder: string;
  readonly association: string;
  readonly key: Uint8Array;
  readonly durable: DurableFiles;
  readonly chunksPerPack?: number;
}

interface OpenPack {
  readonly name: string;
  readonly file: PartialFile;
  readonly hash: Hash;
  size: number;
  chunks: number;
}

/** Faults of `write` and `finish`: DISK-*. */
export function openPackWriter({
  folder,
  association,
  key,
  durable,
  chunksPerPack = PACK_CHUNKS,
}: PackWriterRequest): PackWriter {
  const chunk = Buffer.alloc(PACK_CHUNK_BYTES);
  const packs: StoredFile[] = [];
  let filled = 0;
  let open: OpenPack | undefined;

  async function openNext(): Promise<OpenPack> {
    const name = packName(packs.length);
    const file = await durable.openPartial(path.join(folder, name));
    return { name, file, hash: createHash('sha256'), size: 0, chunks: 0 };
  }

  async function sealChunk(): Promise<void> {
    open ??= await openNext();
    if (open.chunks === 0) await open.file.truncate(0);
    const cipher = createCipheriv('aes-256-gcm', key, chunkNonce(packs.length, open.chunks), {
      authTagLength: TAG_BYTES,
    });
    cipher.setAAD(chunkPlace(association, packs.length, open.chunks));
    const sealed = Buffer.concat([
      cipher.update(chunk.subarray(0, filled)),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    await open.file.write(sealed, open.size);
    open.hash.update(sealed);
    open.size += sealed.length;
    open.chunks += 1;
    filled = 0;
    if (open.chunks === chunksPerPack) await closePack();
  }

  async function closePack(): Promise<void> {
    if (open === undefined) return;
    const { name, file, hash, size } = open;
    await file.flush();
    await file.close();
    packs.push({ name, size, sha256: hash.digest('hex') });
    open = undefined;
  }

  return {
    async write(pieces) {
      for (const piece of pieces) {
        for (let at = 0; at < piece.length; ) {
          const part = piece.subarray(at, at + PACK_CHUNK_BYTES - filled);
          chunk.set(part, filled);
          filled += part.length;
          at += part.length;
          if (filled === PACK_CHUNK_BYTES) await sealChunk();
        }
      }
    },
    async finish() {
      if (filled > 0) await sealChunk();
      await closePack();
      return packs;
    },
    async close() {
      await open?.file.close();
    },
  };
}
