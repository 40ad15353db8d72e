// Writes the packs of a version beside its plain files: one of everything, and one from each of the versions before it. Compressed in worker threads, a few
// frames at a time, so that memory stays flat whatever the size.
import path from 'node:path';
import {
  encodePackIndex,
  type FrameDictionary,
  type PackFrame,
  type UnitRun,
} from '../content/pack-index.ts';
import { type IndexedVersion, type PlannedFrame, planFullPack, planPackFrom } from '../content/pack-plan.ts';
import { unitNumbers } from '../content/pack-units.ts';
import type { FilePiece, PackedFrame, WorkerPool } from '../content/worker-pool.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import type { OlderVersion } from './older-versions.ts';

export interface PackWorld {
  readonly durable: DurableFiles;
  readonly pool: WorkerPool;
  readonly signal?: AbortSignal;
  /** Told how many more bytes have been looked at. */
  readonly advance?: (bytes: number) => void;
}

/** What is packed. `folder`: absolute, of its files. */
export interface VersionToPack extends IndexedVersion {
  readonly folder: string;
}

/** zstd levels: everything is packed once at a level that keeps up with the disk; an update is small, and fetched by every computer. */
const LEVELS = { full: 3, update: 9 } as const;

/** Frames of one job: enough that a thread is busy for a while, few enough that they fit in memory. */
const FRAMES_A_JOB = 4;

/**
 * Writes `full.pack`, `from-<version>.pack` of each older version and their indexes into an absent folder. Nothing of it is durable before the tree is flushed.
 * A pack without frames is written too: its index says that there is nothing to gain. Faults: USAGE-08, USAGE-13, DISK-*, STOP-01.
 */
export async function packVersion(
  version: VersionToPack,
  older: readonly OlderVersion[],
  into: string,
  world: PackWorld,
): Promise<void> {
  const units = unitNumbers(version).count;
  const write = async (name: string, plan: readonly PlannedFrame[], from?: OlderVersion): Promise<void> => {
    const frames = await writePack(path.join(into, name), plan, { version, from }, world);
    await world.durable.writeUnflushed(path.join(into, `${name}.idx`), encodePackIndex(units, frames));
  };
  await world.durable.makeFolder(into);
  await write('full.pack', planFullPack(version));
  for (const from of older) await write(`from-${from.version}.pack`, planPackFrom(version, from), from);
}

type WrittenFrame = Omit<PackFrame, 'offset'>;

interface PackOf {
  readonly version: VersionToPack;
  readonly from: OlderVersion | undefined;
}

async function writePack(
  file: string,
  plan: readonly PlannedFrame[],
  of: PackOf,
  world: PackWorld,
): Promise<readonly WrittenFrame[]> {
  const partial = await world.durable.openPartial(file);
  const frames: WrittenFrame[] = [];
  let offset = 0;
  try {
    for await (const { planned, packed } of inOrder(plan, of, world)) {
      await partial.write(packed.packed, offset);
      offset += packed.packed.length;
      frames.push(describe(planned, packed));
    }
  } finally {
    await partial.close();
  }
  return frames;
}

/** Jobs run ahead of the writing, as many as there are threads and one more. */
async function* inOrder(
  plan: readonly PlannedFrame[],
  { version, from }: PackOf,
  { pool, signal, advance }: PackWorld,
): AsyncGenerator<{ readonly planned: PlannedFrame; readonly packed: PackedFrame }> {
  const level = from === undefined ? LEVELS.full : LEVELS.update;
  const ahead: { readonly portion: readonly PlannedFrame[]; readonly job: ReturnType<typeof run> }[] = [];
  const run = (portion: readonly PlannedFrame[]) =>
    pool.run(
      'pack-frames',
      { level, frames: portion.map(frame => toPack(frame, version, from)) },
      { ...(signal && { signal }), ...(advance && { advance }) },
    );
  try {
    for (let next = 0; next < plan.length || ahead.length > 0; ) {
      while (ahead.length <= pool.size && next < plan.length) {
        const portion = plan.slice(next, next + FRAMES_A_JOB);
        next += portion.length;
        ahead.push({ portion, job: run(portion) });
      }
      const [first] = ahead;
      if (first === undefined) return;
      const { frames } = await first.job;
      ahead.shift();
      for (const [at, packed] of frames.entries()) {
        const planned = first.portion[at];
        if (packed !== undefined && planned !== undefined) yield { planned, packed };
      }
    }
  } finally {
    // Those that run when one has failed read files that will be removed: they end first.
    await Promise.allSettled(ahead.map(({ job }) => job));
  }
}

function toPack(
  { parts, small, dictionary }: PlannedFrame,
  version: VersionToPack,
  from: OlderVersion | undefined,
): { readonly pieces: FilePiece[]; readonly dictionary: FilePiece[]; readonly keep: boolean } {
  const piece = (
    { files, folder }: VersionToPack,
    { file, offset, length }: { readonly file: number; readonly offset: number; readonly length: number },
  ): FilePiece => ({ path: path.join(folder, ...(files[file]?.path ?? '').split('/')), offset, length });
  return {
    pieces: parts.map(part => piece(version, part)),
    dictionary: from === undefined ? [] : dictionary.map(segment => piece(from, segment)),
    keep: small,
  };
}

function describe(
  { runs, dictionary: segments }: { readonly runs: readonly UnitRun[] } & PlannedFrame,
  { packed, rawBytes, dictionarySha256: sha256 }: PackedFrame,
): WrittenFrame {
  const dictionary: FrameDictionary | undefined = sha256 && { segments, sha256 };
  return { packedBytes: packed.length, rawBytes, runs, ...(dictionary && { dictionary }) };
}
