// The measured program of the `fetch…` benches: acquires an item of a site into a cache with the agent's own code, in a process of its own.
//   URL VOLUME REFERENCE WORKER [REFERENCE]     the last is of the version that is cached
// Prints a line when it begins, and { peakBytes, fetchedBytes } as JSON at the end.
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { Worker } from 'node:worker_threads';
import { openManifestStore } from '../../agent/commands/deployment/manifest-store.ts';
import { decodeManifest } from '../../agent/content/decode-manifest.ts';
import { cacheLayout } from '../../agent/content/layout.ts';
import { contentReferenceSchema } from '../../agent/content/manifest.ts';
import { WORKER_LIMITS } from '../../agent/content/spawn-worker.ts';
import { openThreadPool } from '../../agent/content/thread-pool.ts';
import type { WorkerPool } from '../../agent/content/worker-pool.ts';
import { acquire } from '../../agent/distribution/acquire.ts';
import { openSource } from '../../agent/distribution/open-source.ts';
import { defaultTransferSettings } from '../../agent/distribution/transfer-settings.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { unobserved } from '../../agent/progress/event.ts';

interface Wanted {
  readonly url: string;
  readonly volume: string;
  readonly reference: string;
  readonly cached: string | undefined;
}

async function acquireItem({ url, volume, ...named }: Wanted, pool: WorkerPool): Promise<void> {
  const reference = readReference(named.reference);
  const layout = cacheLayout(volume);
  const effects = { settings: defaultTransferSettings, clock: systemClock, random: Math.random };
  const source = openSource({ url, priority: 1 }, effects);
  const world = {
    ...effects,
    layout,
    durable: openDurableFiles(),
    pool,
    sources: [source],
    observe: unobserved,
  };
  process.stdout.write('begins\n');
  const laid = named.cached === undefined ? undefined : readReference(named.cached);
  const store = openManifestStore(layout, { ...world, cached: () => laid });
  const manifest = await store.manifest(reference);
  const { fetchedBytes } = await acquire({ reference, manifest, ...cachedVersion() }, world);
  await source.close();
  process.stdout.write(JSON.stringify({ peakBytes: process.resourceUsage().maxRSS * 1024, fetchedBytes }));

  /** As the survey of a deployment says it. */
  function cachedVersion() {
    if (laid === undefined) return {};
    return {
      otherVersion: true,
      local: decodeManifest(readFileSync(layout.manifest(laid.digest)), laid),
    };
  }
}

function readReference(file: string) {
  return contentReferenceSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
}

async function main([url = '', volume = '', reference = '', worker = '', cached]: readonly string[]) {
  // From its text, as the executable does.
  const source = readFileSync(worker, 'utf8');
  const pool = openThreadPool({
    size: Math.max(1, Math.min(8, os.availableParallelism())),
    spawn: start => new Worker(source, { eval: true, workerData: start, resourceLimits: WORKER_LIMITS }),
  });
  // As for a deployment.
  pool.prepare();
  try {
    await acquireItem({ url, volume, reference, cached }, pool);
  } finally {
    await pool.close();
  }
}

// Before anything uses the pool, as the agent does.
process.env.UV_THREADPOOL_SIZE ??= '12';
void main(process.argv.slice(2));
