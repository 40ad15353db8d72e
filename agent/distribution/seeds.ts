// Looks through the item's own folders for bytes that it can reuse: whole files by digest, and chunks of files of another version. What is found
// here is a hint; a chunk is proven in memory before it is written, and a whole file was hashed just now.
import { isUnreadable } from '../content/check-readable.ts';
import { viewChunkIndex } from '../content/chunk-index.ts';
import { MAX_CHUNK_BYTES } from '../content/chunking.ts';
import type { CacheLayout } from '../content/layout.ts';
import type { ManifestFile } from '../content/manifest.ts';
import type { WorkerPool } from '../content/worker-pool.ts';
import { Fault } from '../fault/fault.ts';
import { readStoredIndex } from './chunk-indexes.ts';
import type { FileWork } from './file-work.ts';
import { hashReadable } from './inspect.ts';
import { chunksOf, type SeedList } from './seed-map.ts';

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
  const hashed = await hashReadable(
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

/**
 * The chunks of the seeds by the stored chunk index of the version that lies there, where there is one. `others` have none: they must be cut
 * anew, which finds the same chunks wherever they have moved to.
 */
export async function knownChunks(
  seeds: Seeds,
  { layout }: SeedWorld,
): Promise<{ readonly lists: readonly SeedList[]; readonly others: readonly SeedFile[] }> {
  const lists: SeedList[] = [];
  const others: SeedFile[] = [];
  for (const seed of seeds.files) {
    // Whatever is smaller is one chunk, and as a whole file it was looked at already.
    if (seed.size <= MAX_CHUNK_BYTES) continue;
    const index = seed.claimed?.chunks && (await readStoredIndex(layout, seed.claimed));
    if (index) lists.push(chunksOf(index, seed.path));
    else others.push(seed);
  }
  return { lists, others };
}

/** @returns undefined when the seed has gone meanwhile or cannot be read: then it is no seed. Fault: STOP-01. */
export async function cutAnew(seed: SeedFile, { pool, signal }: SeedWorld): Promise<SeedList | undefined> {
  try {
    const { index } = await pool.run('chunk-file', { path: seed.path }, signal ? { signal } : {});
    return chunksOf(viewChunkIndex(index, seed.path), seed.path);
  } catch (thrown) {
    if (isUnreadable(thrown) || (thrown instanceof Fault && thrown.code === 'USAGE-08')) return undefined;
    throw thrown;
  }
}
