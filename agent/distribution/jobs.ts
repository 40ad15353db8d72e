// The job that distribution brings to worker threads: ranges of a large file, fetched, proven and written there.
import { viewChunkIndex } from '../content/chunk-index.ts';
import type { Job, JobTable, JobTools } from '../content/job.ts';
import { faultToData } from '../content/job-messages.ts';
import type { JobCatalogue, JobPause } from '../content/worker-pool.ts';
import { systemClock } from '../progress/clock.ts';
import { fetchChunks } from './fetch-chunks.ts';
import { openSource } from './open-source.ts';
import type { Source } from './source.ts';

type Input = JobCatalogue['fetch-ranges']['input'];

const fetchRanges: Job<'fetch-ranges'> = async (input, tools) => {
  const { durable, scratch, advance, onPause, signal } = tools;
  const { settings, from, subject, runs, to, gapBytes, live, whole } = input;
  const index = viewChunkIndex(input.index, subject, input.offsets);
  const source = await ownSource(input, tools);
  const { failure, ...fetched } = await fetchChunks(
    { from, subject, index, runs, to, gapBytes, live, whole },
    {
      source,
      durable,
      scratch,
      advance,
      patience: {
        retryCount: settings.retryCount,
        retryDelayMs: settings.retryDelayMs,
        random: Math.random,
        onPause,
        signal,
      },
    },
  );
  return { ...fetched, ...(failure ? { failure: faultToData(failure) } : {}) };
};

interface OwnSource {
  readonly key: string;
  /** The source reads the bandwidth anew each time. */
  readonly settings: { -readonly [Name in keyof Input['settings']]: Input['settings'][Name] };
  /** Of the job that runs. */
  onPause: JobPause;
  readonly source: Source;
}

/**
 * The thread's own, since connections cannot be handed to another thread, and kept for the next portion: over a long line a new connection begins slowly. One
 * at a time, so that no server waits for what comes from another; it ends when the thread is told to forget.
 */
async function ownSource(
  { source: address, settings }: Input,
  { onPause, remember }: JobTools,
): Promise<Source> {
  const held = remember('source', (): { own?: OwnSource } => ({}), endSource);
  const key = JSON.stringify([address, settings]);
  if (held.own?.key !== key) {
    await endSource(held);
    // A copy, for the account of the bandwidth below. The thread has one connection: a library may open another where one is about to be free.
    const own = { ...settings, connections: 1 };
    const tell: JobPause = (fault, waitMs) => held.own?.onPause(fault, waitMs);
    const effects = { settings: own, clock: systemClock, random: Math.random, onPause: tell };
    held.own = { key, settings: own, onPause, source: openSource(address, effects) };
  }
  const { own } = held;
  own.settings.bandwidth = settings.bandwidth;
  own.onPause = onPause;
  return own.source;
}

async function endSource({ own }: { readonly own?: OwnSource }): Promise<void> {
  await own?.source.letGo?.();
  await own?.source.close();
}

export const distributionJobs: JobTable<'fetch-ranges'> = { 'fetch-ranges': fetchRanges };
