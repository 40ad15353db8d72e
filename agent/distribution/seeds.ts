// Finds bytes in the cache that an item can reuse: whole files by digest, and chunks of files of another version. What is found here is a
// hint; a chunk is proven in memory before it is written, and a whole file was hashed just now.
import { viewChunkIndex } from '../content/chunk-index.ts';
import { MAX_CHUNK_BYTES } from '../content/chunking.ts';
import type { CacheLayout } from '../content/layout.ts';
import type { ManifestFile } from '../content/manifest.ts';
import type { WorkerPool } from '../content/worker-pool.ts';
import { readStoredIndex } from './chunk-indexes.ts';
import type { FileWork } from './file-work.ts';
import { hashAll } from './inspect.ts';

/** A local file that may hold wanted bytes. `claimed` is what the manifest of the cached version says of it. */
export interface SeedFile {
  readonly path: string;
  readonly size: number;
  readonly claimed?: ManifestFile;
}

/** Where to look. With `cut`, a seed without a known chunk index is cut anew; mending a few bytes of a large image is not worth that. */
export interface Seeds {
  readonly files: readonly SeedFile[];
  readonly cut: boolean;
}

/** Where a chunk may be found. */
export interface ChunkPlace {
  readonly path: string;
  readonly offset: number;
}

export interface SeedWorld {
  readonly pool: WorkerPool;
  readonly layout: CacheLayout;
  readonly signal?: AbortSignal;
}

/** @returns paths of files with wanted bytes, by their SHA-256, hashed now. Only files of a wanted size are read. */
export async function findWholeFiles(
  works: readonly FileWork[],
  seeds: Seeds,
  world: SeedWorld,
): Promise<ReadonlyMap<string, string>> {
  const wanted = works.filter(takesWholeFile).map(work => work.file);
  const sizes = new Set(wanted.map(file => file.size));
  const digests = new Set(wanted.map(file => file.sha256));
  const candidates = seeds.files.filter(({ size, claimed }) => {
    if (!sizes.has(size)) return false;
    // A large file that belongs to the other version and differs there is not hashed in vain: its chunks are looked at instead.
    return claimed === undefined || size <= MAX_CHUNK_BYTES || digests.has(claimed.sha256);
  });
  const hashed = await hashAll(
    candidates.map(seed => seed.path),
    world,
  );
  const found = new Map<string, string>();
  hashed.forEach((sha256, n) => {
    const seed = candidates[n];
    if (seed && sha256 !== undefined && digests.has(sha256)) found.set(sha256, seed.path);
  });
  return found;
}

/** A large file that is there in part is mended chunk by chunk. */
function takesWholeFile({ file, found, missing }: FileWork): boolean {
  return missing !== 'nothing' && file.size > 0 && (found === undefined || file.chunks === undefined);
}

/** Chunks by `chunkKey`. */
export type ChunkPlaces = ReadonlyMap<string, ChunkPlace>;

/** A digest as a map key: 32 characters of one byte, which Node keeps compactly (an OS image has 100,000 of them). */
export function chunkKey(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength).toString('latin1');
}

/**
 * Looks for the missing chunks of `works` in the seeds: by the stored chunk index of the version that lies there, where there is one; else by
 * cutting the seed anew, which finds the same chunks wherever they have moved to.
 */
export async function findChunks(
  works: readonly FileWork[],
  seeds: Seeds,
  world: SeedWorld,
): Promise<ChunkPlaces> {
  const wanted = wantedChunks(works);
  const places = new Map<string, ChunkPlace>();
  for (const seed of seeds.files) {
    if (wanted.size === 0) break;
    // Whatever is smaller is one chunk, and as a whole file it was looked at already.
    if (seed.size <= MAX_CHUNK_BYTES) continue;
    const index = await indexOfSeed(seed, seeds.cut, world);
    if (!index) continue;
    for (let chunk = 0; chunk < index.count; chunk++) {
      const key = chunkKey(index.digest(chunk));
      if (wanted.delete(key)) places.set(key, { path: seed.path, offset: index.offset(chunk) });
    }
  }
  return places;
}

function wantedChunks(works: readonly FileWork[]): Set<string> {
  const wanted = new Set<string>();
  for (const { index, missing } of works) {
    if (index === undefined || !(missing instanceof Uint8Array)) continue;
    for (let chunk = 0; chunk < index.count; chunk++)
      if (missing[chunk] !== 0) wanted.add(chunkKey(index.digest(chunk)));
  }
  return wanted;
}

async function indexOfSeed({ path, claimed }: SeedFile, cut: boolean, { layout, pool, signal }: SeedWorld) {
  const stored = claimed?.chunks && (await readStoredIndex(layout, claimed));
  if (stored || !cut) return stored;
  const { index } = await pool.run('chunk-file', { path }, signal ? { signal } : {});
  return viewChunkIndex(index, path);
}
