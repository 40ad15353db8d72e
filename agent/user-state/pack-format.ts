// How the packs of method `files` are cut and sealed. Pure; docs/user-state.md describes it for others.

/** Bytes of a chunk before encryption; the last one of a capture may be shorter. */
export const PACK_CHUNK_BYTES = 1024 * 1024;
/** Chunks of a pack: 1 GiB, which every file system of a share takes. */
export const PACK_CHUNKS = 1024;
export const TAG_BYTES = 16;

/** @param pack from 0. */
export function packName(pack: number): string {
  return `pack-${String(pack + 1).padStart(4, '0')}.bin`;
}

/** 96 bits, unique under the key of one capture: number of the pack and of the chunk in it, big-endian (NIST SP 800-38D section 8.2.1). */
export function chunkNonce(pack: number, chunk: number): Uint8Array {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(pack, 0);
  nonce.writeBigUInt64BE(BigInt(chunk), 4);
  return nonce;
}

/** What a chunk is sealed for: association, pack and chunk. */
export function chunkPlace(association: string, pack: number, chunk: number): Uint8Array {
  return Buffer.from(`prestage/user-state/chunk/1\0${association}\0${pack}\0${chunk}`, 'utf8');
}
