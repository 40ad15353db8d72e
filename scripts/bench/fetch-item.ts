// The measured program of the `fetch` bench: publishes one large file as an item, or acquires it into an empty cache with the agent's own
// code, in a process of its own.
//   publish FILE FOLDER REFERENCE WORKER      lays FOLDER out as a distribution point, writes the content reference
//   acquire URL VOLUME REFERENCE WORKER       prints { peakBytes } as JSON
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { encodeManifest } from '../../agent/content/encode-manifest.ts';
import { cacheLayout, onDistributionPoint } from '../../agent/content/layout.ts';
import { contentReferenceSchema } from '../../agent/content/manifest.ts';
import { WORKER_LIMITS } from '../../agent/content/spawn-worker.ts';
import { openThreadPool } from '../../agent/content/thread-pool.ts';
import type { WorkerPool } from '../../agent/content/worker-pool.ts';
import { acquire } from '../../agent/distribution/acquire.ts';
import { fetchManifest } from '../../agent/distribution/fetch-manifest.ts';
import { openSource } from '../../agent/distribution/open-source.ts';
import { defaultTransferSettings } from '../../agent/distribution/transfer-settings.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { unobserved } from '../../agent/progress/event.ts';

const [id, version] = ['BEN00001', '1'];

async function publish(file: string, folder: string, referenceFile: string, pool: WorkerPool): Promise<void> {
  const { size, sha256, chunks, index } = await pool.run('chunk-file', { path: file });
  const name = path.basename(file);
  const at = (place: string): string => {
    const full = path.join(folder, place);
    mkdirSync(path.dirname(full), { recursive: true });
    rmSync(full, { force: true });
    return full;
  };
  linkSync(file, at(onDistributionPoint.file(id, version, name)));
  writeFileSync(at(onDistributionPoint.chunkIndex(id, version, sha256)), index);
  const indexed = { count: chunks, sha256: createHash('sha256').update(index).digest('hex') };
  const { bytes, reference } = encodeManifest({
    format: 'prestage-content/1',
    id,
    version,
    type: 'os-image',
    name: 'Bench',
    files: [{ path: name, size, sha256, chunks: indexed }],
  });
  writeFileSync(at(onDistributionPoint.manifest(id, version)), bytes);
  writeFileSync(referenceFile, JSON.stringify(reference));
}

async function fetchItem(
  url: string,
  volume: string,
  referenceFile: string,
  pool: WorkerPool,
): Promise<void> {
  const reference = contentReferenceSchema.parse(JSON.parse(readFileSync(referenceFile, 'utf8')));
  const effects = { settings: defaultTransferSettings, clock: systemClock, random: Math.random };
  const source = openSource({ url, priority: 1 }, effects);
  const world = {
    ...effects,
    layout: cacheLayout(volume),
    durable: openDurableFiles(),
    pool,
    sources: [source],
    observe: unobserved,
  };
  const manifest = await fetchManifest(reference, world);
  const { fetchedBytes } = await acquire({ reference, manifest }, world);
  if (fetchedBytes !== reference.totalBytes) throw new Error(`${fetchedBytes} bytes were fetched`);
  await source.close();
  process.stdout.write(JSON.stringify({ peakBytes: process.resourceUsage().maxRSS * 1024 }));
}

async function main([
  task = '',
  from = '',
  to = '',
  reference = '',
  worker = '',
]: readonly string[]): Promise<void> {
  const pool = openThreadPool({
    size: 2,
    spawn: start => new Worker(worker, { workerData: start, resourceLimits: WORKER_LIMITS }),
  });
  try {
    if (task === 'publish') await publish(from, to, reference, pool);
    else await fetchItem(from, to, reference, pool);
  } finally {
    await pool.close();
  }
}

void main(process.argv.slice(2));
