// The measured program of the `media-create` bench: makes and publishes the site, or makes its media, with the agent's own code in a process of its own.
//   publish SITE DP WORKER
//   create SITE DP WIM WORKER    prints { peakBytes } as JSON
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { createMedia } from '../../agent/author/create-media.ts';
import { createKey } from '../../agent/author/key-files.ts';
import { publish } from '../../agent/author/publish.ts';
import { openThreadPool } from '../../agent/content/thread-pool.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { openImaging } from '../../agent/machine/open-imaging.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { unobserved } from '../../agent/progress/event.ts';

async function main([task = '', site = '', point = '', ...rest]: readonly string[]): Promise<void> {
  const worker = rest.at(-1) ?? '';
  const pool = openThreadPool({ size: 2, spawn: start => new Worker(worker, { workerData: start }) });
  const world = { durable: openDurableFiles(), pool, clock: systemClock, observe: unobserved };
  try {
    if (task === 'publish') {
      const keys = path.join(site, 'keys');
      for (const name of ['policy', 'media'])
        if (!existsSync(path.join(keys, `${name}.pub`))) await createKey(keys, name);
      await publish({ site, point }, world);
      return;
    }
    const imaging = await openImaging({ system: 'linux' });
    await createMedia(
      { site, name: 'bench', from: point, to: rest[0] ?? '', replace: true },
      { ...world, imaging, newId: () => randomUUID() },
    );
    process.stdout.write(JSON.stringify({ peakBytes: process.resourceUsage().maxRSS * 1024 }));
  } finally {
    await pool.close();
  }
}

// Before anything uses the pool, as the agent does: capturing holds one of its threads.
process.env.UV_THREADPOOL_SIZE ??= '12';
void main(process.argv.slice(2));
