// Runs under Windows or Wine (node.exe shares-on-windows-program.ts FOLDER SHARE FILE-URL REFERENCE): completes an item from a share and from a file: address,
// asks for a share that is not there, prints what came of it as JSON, and ends without waiting for its threads.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { openInPlacePool } from '../../agent/content/in-place-pool.ts';
import { cacheLayout } from '../../agent/content/layout.ts';
import type { ContentReference } from '../../agent/content/manifest.ts';
import { acquire } from '../../agent/distribution/acquire.ts';
import { fetchManifest } from '../../agent/distribution/fetch-manifest.ts';
import { openSource } from '../../agent/distribution/open-source.ts';
import { openShareConnections } from '../../agent/distribution/share-connections.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { asFault, faultRecord } from '../../agent/fault/fault.ts';
import { jobs } from '../../agent/jobs.ts';
import { openEndProcess } from '../../agent/machine/end-process.ts';
import { openShareConnector } from '../../agent/machine/windows/connect-share.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { unobserved } from '../../agent/progress/event.ts';
import { impatient } from '../support/sources.ts';

const [folder = '', share = '', fileUrl = '', text = ''] = process.argv.slice(2);
const reference = JSON.parse(text) as ContentReference;
const durable = openDurableFiles();
const settings = { ...impatient, stallTimeoutMs: 20_000 };
const connector = openShareConnector();
const answers: [share: string, code: number][] = [];
const shares = openShareConnections({
  async connect(name, account) {
    const code = await connector.connect(name, account);
    answers.push([name, code]);
    return code;
  },
  disconnect: connector.disconnect,
});
shares.useAccount({ name: 'CONTOSO\\reader', password: 'not-shown' });

const open = (url: string) =>
  openSource({ url, priority: 1 }, { settings, clock: systemClock, random: () => 0.5, shares });

/** @returns the files of the completed item by path, and how long the longest whole path is. */
async function complete(url: string, volume: string) {
  mkdirSync(volume);
  const sources = [open(url)];
  const layout = cacheLayout(volume);
  const pool = openInPlacePool({ jobs, durable });
  const world = { layout, durable, pool, sources, settings, clock: systemClock, random: () => 0.5 };
  const manifest = await fetchManifest(reference, world);
  await acquire({ reference, manifest }, { ...world, observe: unobserved });
  const files: Record<string, string> = {};
  let longest = 0;
  const root = layout.item(reference.id);
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const full = path.join(entry.parentPath, entry.name);
    longest = Math.max(longest, full.length);
    if (entry.isFile())
      files[path.relative(root, full).replaceAll('\\', '/')] = createHash('sha256')
        .update(readFileSync(full))
        .digest('hex');
  }
  return { files, longest };
}

const found = {
  share: await complete(share, path.join(folder, 'from-share')),
  file: await complete(fileUrl, path.join(folder, 'from-file')),
  nowhere: await open('\\\\nowhere\\share\\dp')
    .readDocument('policy/current.json', { maxBytes: 100 })
    .then(
      () => undefined,
      thrown => faultRecord(asFault(thrown)),
    ),
  answers,
};
await shares.close();
writeSync(1, JSON.stringify(found));
const end = await openEndProcess('windows');
end?.(7);
