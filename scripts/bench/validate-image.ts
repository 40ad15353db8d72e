// The measured program of the `check` bench: chunks or validates a file with the agent's own code, in a process of its own.
//   chunk FILE INDEX WORKER       writes the index
//   validate FILE INDEX WORKER    prints { peakBytes } as JSON, or fails when a range is bad
import { readFileSync, writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { viewChunkIndex } from '../../agent/content/chunk-index.ts';
import { openThreadPool } from '../../agent/content/thread-pool.ts';
import { validateImage } from '../../agent/survey/validate-image.ts';

async function main([task = '', file = '', indexFile = '', worker = '']: readonly string[]): Promise<void> {
  const pool = openThreadPool({ size: 2, spawn: start => new Worker(worker, { workerData: start }) });
  try {
    if (task === 'chunk') {
      writeFileSync(indexFile, (await pool.run('chunk-file', { path: file })).index);
      return;
    }
    const index = viewChunkIndex(readFileSync(indexFile), file);
    const { sound, badRanges } = await validateImage({ path: file, file, index, pool });
    if (!sound) throw new Error(`${file} has ${badRanges.length} bad ranges`);
    process.stdout.write(JSON.stringify({ peakBytes: process.resourceUsage().maxRSS * 1024 }));
  } finally {
    await pool.close();
  }
}

void main(process.argv.slice(2));
