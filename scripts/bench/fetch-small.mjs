// Fetching thousands of small files from nginx, verified and durable, against the usual tools for many files, which verify nothing.
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from '../setup/program.mjs';
import { acquired, openFetchSite } from './fetch-site.mjs';
import { serveOn } from './line.mjs';
import { fastestOf, judged } from './measure.mjs';
import { programs } from './needed.mjs';
import { filesIn, MEAN_BYTES, smallTree } from './small-tree.mjs';

export const title = 'fetching 5,000 files (200 MB) from nginx, verified, against curl, aria2c and rclone';
export const aims =
  'Aims: at most 1.0 of the best on loopback, at most 0.7 of it at 20 ms. What Prestage fetched is proven and flushed to the disk; the tools prove nothing and leave it in the page cache: compare with the row that ends in sha256sum and sync. The row of the tar says what a flushed copy takes at the least.';
export const takesNet = true;

const DEFAULT_MIB = 200_000_000 / 2 ** 20;

const CURL = 'curl --parallel --parallel-max 16';
/** As much work as ours: each file proven, everything on the disk. */
const CURL_PROVEN = `${CURL}, then sha256sum, then sync`;
/** The least that a flushed copy takes with programs in C that begin at once: one request, and nothing is looked up or proven. */
const FLOOR = 'one tar.zst of them: curl, zstd -d, tar -x, sync';
const ARIA2 = 'aria2c -j16 -i';
const RCLONE = 'rclone copy --transfers 16';
const PRESTAGE = 'prestage, verified, flushed';

export async function prepare({ folder, net, mib = DEFAULT_MIB, seed, atEnd }) {
  const { curl, aria2c, rclone, sync, sh, tar, zstd } = await programs(
    'nginx',
    'curl',
    'aria2c',
    'rclone',
    'sync',
    'sh',
    'tar',
    'zstd',
  );
  const files = Math.round((mib * 2 ** 20) / MEAN_BYTES);
  const tree = join(folder, `tree-${files}-${seed}`);
  await smallTree(tree, { files, seed });
  const site = await openFetchSite(folder, atEnd);
  await site.publish('1', tree);
  const archive = 'tree.tar.zst';
  await run(sh, ['-c', '"$0" -C "$2" -c . | "$1" -q -3 -o "$3"', tar, zstd, tree, join(site.point, archive)]);
  const nginx = await serveOn(site.point, { net, folder, atEnd });
  const [volume, fetched] = [join(folder, 'volume'), join(folder, 'fetched')];
  const url = `${nginx.url}/${site.filesOf('1')}`;
  const names = filesIn(tree).map(file => relative(tree, file));
  const [curlList, aria2List] = [join(folder, 'curl.config'), join(folder, 'aria2.list')];
  writeFileSync(
    curlList,
    names.map(name => `url = "${url}/${name}"\noutput = "${fetched}/${name}"\n`).join(''),
  );
  writeFileSync(aria2List, names.map(name => `${url}/${name}\n dir=${fetched}\n out=${name}\n`).join(''));
  // What was fetched goes only at the end: ext4 passes over the inodes that were deleted in the last minutes one by one, which costs whoever comes later.
  const used = join(folder, 'used');
  let runs = 0;
  rmSync(used, { recursive: true, force: true });
  mkdirSync(used);
  const before = async () => {
    for (const place of [volume, fetched]) {
      if (existsSync(place)) renameSync(place, join(used, `${runs++}`));
      mkdirSync(place);
    }
    await run(sync, []);
  };
  atEnd(() => {
    for (const place of [volume, fetched, used]) rmSync(place, { recursive: true, force: true });
  });
  const aria2Words = ['-q', '-j16', '--file-allocation=falloc', '-i', aria2List];
  const rcloneWords = ['copy', '--transfers', '16', '--http-url', `${url}/`, ':http:', fetched];
  const byCurl = () =>
    run(curl, ['-sS', '--parallel', '--parallel-max', '16', '--create-dirs', '-K', curlList]);
  const byTool = work => ({ before, run: async () => void (await work()) });
  return {
    contestants: [
      { name: CURL, ...byTool(byCurl) },
      {
        name: `${CURL}, then sync`,
        ...byTool(async () => {
          await byCurl();
          await run(sync, ['-f', fetched]);
        }),
      },
      {
        name: CURL_PROVEN,
        ...byTool(async () => {
          await byCurl();
          await run(sh, [
            '-c',
            'find "$0" -type f -print0 | xargs -0 -P2 -n 300 sha256sum > /dev/null',
            fetched,
          ]);
          await run(sync, ['-f', fetched]);
        }),
      },
      {
        name: FLOOR,
        ...byTool(async () => {
          const words = [tar, zstd, curl, `${nginx.url}/${archive}`, fetched];
          await run(sh, ['-c', '"$2" -sS "$3" | "$1" -q -d | "$0" -C "$4" -x', ...words]);
          await run(sync, ['-f', fetched]);
        }),
      },
      { name: ARIA2, ...byTool(() => run(aria2c, aria2Words)) },
      {
        name: RCLONE,
        ...byTool(() => run(rclone, rcloneWords, { env: { ...process.env, RCLONE_CONFIG: '/notfound' } })),
      },
      {
        name: PRESTAGE,
        before,
        run: () => acquired(site.acquiring(nginx.url, volume, '1')),
      },
    ],
    judge: results => {
      const ours = results.find(({ name }) => name === PRESTAGE);
      const best = fastestOf(results, [CURL, ARIA2, RCLONE]);
      const timeTo = name =>
        `        time to ${name}: ${(ours.median / results.find(each => each.name === name).median).toFixed(3)}`;
      return [
        judged(`time to ${best.name}`, ours.median / best.median, net === undefined ? 1 : 0.7),
        timeTo(CURL_PROVEN),
        timeTo(FLOOR),
      ];
    },
  };
}
