// The job that distribution brings to worker threads: ranges of a large file, fetched, proven and written there.
import { viewChunkIndex } from '../content/chunk-index.ts';
import type { Job, JobTable } from '../content/job.ts';
import { faultToData } from '../content/job-messages.ts';
import { systemClock } from '../progress/clock.ts';
import { fetchChunks } from './fetch-chunks.ts';
import { openSource } from './open-source.ts';

/** Opens the source for itself: connections cannot be handed to another thread. */
const fetchRanges: Job<'fetch-ranges'> = async (input, { durable, scratch, advance, signal }) => {
  const { settings, from, subject, runs, to, gapBytes, live, whole } = input;
  const index = viewChunkIndex(input.index, subject, input.offsets);
  const random = Math.random;
  const source = openSource(input.source, { settings, clock: systemClock, random });
  try {
    const { failure, ...fetched } = await fetchChunks(
      { from, subject, index, runs, to, gapBytes, live, whole },
      {
        source,
        durable,
        scratch,
        advance,
        patience: { retryCount: settings.retryCount, retryDelayMs: settings.retryDelayMs, random, signal },
      },
    );
    return { ...fetched, ...(failure ? { failure: faultToData(failure) } : {}) };
  } finally {
    await source.close();
  }
};

export const distributionJobs: JobTable<'fetch-ranges'> = { 'fetch-ranges': fetchRanges };
