// The real program is killed at random moments of a publish while somebody reads: what is served is whole at every moment.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createKey, loadPublicKey } from '../../agent/author/key-files.ts';
import { provenPolicy } from '../support/proven-point.ts';
import { seeded } from '../support/seeded.ts';
import { layTree, noise, SITE, type Tree } from '../support/site-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';

const temporary = tempFolder('publish-kills');
const site = path.join(temporary, 'site');
const point = path.join(temporary, 'point');
const KILLS = 5;
const ITEMS = ['CON00003', 'CON00004', 'CON00005'];

/** Every item in this version: 100 files each, some of more than one chunk. */
function layVersion(version: number): void {
  const tree: Record<string, Tree[string]> = { 'site.yaml': SITE['site.yaml'] };
  for (const id of ITEMS) {
    tree[`content/${id}/content.yaml`] = {
      id,
      type: 'package',
      name: id,
      version: String(version),
      source: 'files',
    };
    for (let n = 0; n < 100; n += 1)
      tree[`content/${id}/files/folder ${n % 7}/file ${n}.bin`] = noise(
        n % 50 === 0 ? 300_000 : 500,
        version * 1000 + n,
      );
  }
  layTree(site, tree);
}

function startPublish(): ReturnType<typeof spawn> {
  const program = path.resolve('agent/main.ts');
  return spawn(process.execPath, [program, 'publish', site, '--to', point], { stdio: 'ignore' });
}

it('leaves a whole policy however often it is killed, also for those who read meanwhile, and then finishes', {
  timeout: 300_000,
}, async () => {
  layVersion(1);
  await createKey(path.join(site, 'keys'), 'policy');
  const key = await loadPublicKey(path.join(site, 'keys'), 'policy');
  const now = new Date().toISOString();
  const began = performance.now();
  const [firstCode] = await once(startPublish(), 'exit');
  expect(firstCode).toBe(0);
  const wholeMs = performance.now() - began;
  const { serial } = await provenPolicy(point, key, now);
  const random = seeded(5);
  let reads = 0;
  let ended = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    // What is there already is told apart, so each attempt has a new version to bring.
    layVersion(2 + kill);
    const publishing = startPublish();
    const exited = once(publishing, 'exit');
    const stop = { asked: false };
    const reading = (async () => {
      while (!stop.asked) {
        await provenPolicy(point, key, now);
        reads += 1;
        await sleep(5);
      }
    })();
    // The program has to start first, which is the same each time.
    await Promise.race([sleep(wholeMs * (0.3 + 0.7 * random.next())), exited]);
    publishing.kill('SIGKILL');
    const [code] = await exited;
    if (code === 0) ended += 1;
    stop.asked = true;
    await reading;
    expect((await provenPolicy(point, key, now)).serial).toBeGreaterThanOrEqual(serial);
  }
  expect(reads).toBeGreaterThan(KILLS);
  expect(ended).toBeLessThan(KILLS);
  const [lastCode] = await once(startPublish(), 'exit');
  expect(lastCode).toBe(0);
  const { content } = await provenPolicy(point, key, now);
  expect(content.map(({ version }) => version)).toEqual(ITEMS.map(() => String(1 + KILLS)));
  for (const id of ITEMS)
    expect(readdirSync(path.join(point, 'content', id)).filter(name => name.startsWith('.'))).toEqual([]);
  expect(existsSync(path.join(site, '.prestage/published.json'))).toBe(true);
});
