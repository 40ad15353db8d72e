// Publishes a site for the `fetch…` benches with the agent's own code.
//   SITE POINT WORKER     prints the references of the site's content as JSON
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { createKey } from '../../agent/author/key-files.ts';
import { publish } from '../../agent/author/publish.ts';
import { onDistributionPoint } from '../../agent/content/layout.ts';
import { openThreadPool } from '../../agent/content/thread-pool.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { policySchema } from '../../agent/policy/policy.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { unobserved } from '../../agent/progress/event.ts';

async function main([site = '', point = '', worker = '']: readonly string[]): Promise<void> {
  const pool = openThreadPool({
    size: Math.max(1, Math.min(8, os.availableParallelism())),
    spawn: start => new Worker(worker, { workerData: start }),
  });
  try {
    const keys = path.join(site, 'keys');
    if (!existsSync(path.join(keys, 'policy.pub'))) await createKey(keys, 'policy');
    const world = { durable: openDurableFiles(), pool, clock: systemClock, observe: unobserved };
    const { serial } = await publish({ site, point }, world);
    const policy = readFileSync(path.join(point, onDistributionPoint.policy(serial)), 'utf8');
    process.stdout.write(JSON.stringify(policySchema.parse(JSON.parse(policy)).content));
  } finally {
    await pool.close();
  }
}

// Before anything uses the pool, as the agent does.
process.env.UV_THREADPOOL_SIZE ??= '12';
void main(process.argv.slice(2));
