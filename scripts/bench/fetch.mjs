// Fetching one large file from nginx, verified and durable, against the usual tools, and then openssl over what they wrote.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../setup/program.mjs';
import { acquired, openFetchSite } from './fetch-site.mjs';
import { serveOn } from './line.mjs';
import { fastestOf, judged } from './measure.mjs';
import { programs } from './needed.mjs';
import { randomFile } from './random-file.mjs';

export const title = 'fetching one file from nginx, verified, against curl and aria2c and then openssl';
export const aims =
  'Aims: at most 0.8 of the better of curl and aria2c -x4, each followed by openssl dgst; at most 1.5 of the CPU seconds of the former; below 200 MB. Over a slow line, which no tool is faster than: at most 1.0 of the better. What Prestage fetched is flushed to the disk, as after the sync; without that the tools leave it in the page cache.';
export const takesNet = true;

const DEFAULT_MIB = 1024;

const CURL = 'curl -o, then openssl dgst -sha256';
const ARIA2 = 'aria2c -x4, then openssl dgst -sha256';
const PRESTAGE = 'prestage, flushed';

/** @param where folder for what is fetched, when it is not to lie beside the rest. */
export async function prepare({ folder, net, mib = DEFAULT_MIB, where = folder, atEnd }) {
  const { curl, aria2c, openssl, sync } = await programs('nginx', 'curl', 'aria2c', 'openssl', 'sync');
  mkdirSync(where, { recursive: true });
  const tree = join(folder, `tree-${mib}`);
  const name = `file-${mib}.bin`;
  mkdirSync(tree, { recursive: true });
  await randomFile(join(tree, name), mib);
  const site = await openFetchSite(folder, atEnd);
  await site.publish('1', tree);
  const nginx = await serveOn(site.point, { net, folder, atEnd });
  const url = `${nginx.url}/${site.filesOf('1')}/${name}`;
  const [volume, fetched] = [join(where, 'volume'), join(where, 'fetched.bin')];
  const before = async () => {
    rmSync(fetched, { force: true });
    rmSync(volume, { recursive: true, force: true });
    mkdirSync(volume);
    // What an earlier contestant left in the page cache must not be written out on the next one's time.
    await run(sync, []);
  };
  atEnd(before);
  const byCurl = () => run(curl, ['-sS', '-o', fetched, url]);
  // The allocation that its manual recommends where the file system has it.
  const aria2Words = ['-q', '-x4', '--file-allocation=falloc', '--allow-overwrite=true', '-d', where];
  const byAria2 = () => run(aria2c, [...aria2Words, '-o', 'fetched.bin', url]);
  const digest = () => run(openssl, ['dgst', '-sha256', fetched]);
  const flush = () => run(sync, ['-d', fetched]);
  const inTurn = (...steps) => ({
    before,
    run: async () => {
      for (const step of steps) await step();
    },
  });
  return {
    contestants: [
      { name: CURL, ...inTurn(byCurl, digest) },
      { name: `${CURL}, then sync`, ...inTurn(byCurl, digest, flush) },
      { name: ARIA2, ...inTurn(byAria2, digest) },
      { name: 'curl -o alone', ...inTurn(byCurl) },
      {
        name: PRESTAGE,
        before,
        run: () => acquired(site.acquiring(nginx.url, volume, '1')),
      },
    ],
    judge: results => {
      const [curled, ours] = [CURL, PRESTAGE].map(wanted => results.find(each => each.name === wanted));
      const best = fastestOf(results, [CURL, ARIA2]);
      return [
        judged(`time to ${best.name}`, ours.median / best.median, net === undefined ? 0.8 : 1),
        judged('CPU seconds to those of curl and openssl', ours.cpuSeconds / curled.cpuSeconds, 1.5),
        judged('peak memory in MB', ours.peakMB, 200),
      ];
    },
  };
}
