// The job that distribution brings to worker threads: ranges of a large file, fetched, proven and written there.
import { viewChunkIndex } from '../content/chunk-index.ts';
import type { Job, JobTable, JobTools } from '../content/job.ts';
import { faultToData } from '../content/job-messages.ts';
import type { JobCatalogue } from '../content/worker-pool.ts';
import { systemClock } from '../progress/clock.ts';
import { fetchChunks } from './fetch-chunks.ts';
import { openSource } from './open-source.ts';
import type { Source } from './source.ts';

type Input = JobCatalogue['fetch-ranges']['input'];

const fetchRanges: Job<'fetch-ranges'> = async (input, tools) => {
  const { durable, scratch, advance, signal } = tools;
  const { settings, from, subject, runs, to, gapBytes, live, whole } = input;
  const index = viewChunkIndex(input.index, subject, input.offsets);
  const { failure, ...fetched } = await fetchChunks(
    { from, subject, index, runs, to, gapBytes, live, whole },
    {
      source: ownSource(input, tools),
      durable,
      scratch,
      advance,
      patience: {
        retryCount: settings.retryCount,
        retryDelayMs: settings.retryDelayMs,
        random: Math.random,
        signal,
      },
    },
  );
  return { ...fetched, ...(failure ? { failure: faultToData(failure) } : {}) };
};

/**
 * The thread's own, since connections cannot be handed to another thread, and kept for the next portion: over a long line a new connection begins slowly. It
 * ends with the thread.
 */
function ownSource({ source: address, settings }: Input, { remember }: JobTools): Source {
  const name = `source ${JSON.stringify([address, settings])}`;
  const opened = remember(name, () => {
    // A copy, for the account of the bandwidth below.
    const own = { ...settings };
    return { own, source: openSource(address, { settings: own, clock: systemClock, random: Math.random }) };
  });
  opened.own.bandwidth = settings.bandwidth;
  return opened.source;
}

export const distributionJobs: JobTable<'fetch-ranges'> = { 'fetch-ranges': fetchRanges };
