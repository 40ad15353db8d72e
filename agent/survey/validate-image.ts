// Validates a staged image by its chunk list, hashed by all workers at once: the third proof, made at every first boot.
import { lstat } from 'node:fs/promises';
import type { ChunkIndex } from '../content/chunk-index.ts';
import type { JobAdvance, WorkerPool } from '../content/worker-pool.ts';
import { checkRanges } from './check-ranges.ts';
import type { BadRange } from './item-survey.ts';

export interface ImageValidation {
  /** Every chunk matches and the file is neither longer nor shorter. */
  readonly sound: boolean;
  readonly sizeBytes: number;
  /** undefined when there is no plain file. */
  readonly foundSizeBytes?: number;
  readonly badRanges: readonly BadRange[];
}

export interface ImageRequest {
  /** Absolute path of the image. */
  readonly path: string;
  /** What bad ranges call it: its path in its item. */
  readonly file: string;
  /** Proven by the manifest (`decodeChunkIndex`). */
  readonly index: ChunkIndex;
  readonly pool: WorkerPool;
  readonly signal?: AbortSignal | undefined;
  /** Told of the image's bytes. */
  readonly advance?: JobAdvance | undefined;
}

/** Reads, never writes. An absent image is one of which every range is bad. Fault: STOP-01. */
export async function validateImage(request: ImageRequest): Promise<ImageValidation> {
  const foundSizeBytes = await plainSizeOf(request.path);
  const badRanges = await checkRanges(request);
  return {
    sound: badRanges.length === 0 && foundSizeBytes === request.index.sizeBytes,
    sizeBytes: request.index.sizeBytes,
    ...(foundSizeBytes === undefined ? {} : { foundSizeBytes }),
    badRanges,
  };
}

async function plainSizeOf(path: string): Promise<number | undefined> {
  try {
    const status = await lstat(path);
    return status.isFile() ? status.size : undefined;
  } catch {
    // Absent or out of reach: every range will be bad, which says it all.
    return undefined;
  }
}
