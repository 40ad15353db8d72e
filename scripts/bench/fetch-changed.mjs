// Bytes on the wire for content that changed: real pairs of releases, the older one cached, against whole packages, changed files, zsync and casync.
import { mkdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from '../setup/program.mjs';
import { say, timed } from '../setup/say.mjs';
import { bytesOf, casync, changedFiles, zsyncOfFiles, zsyncOfTar } from './delta-tools.mjs';
import { acquired, openFetchSite } from './fetch-site.mjs';
import { judged, rowsOf } from './measure.mjs';
import { programs } from './needed.mjs';
import { startNginx } from './nginx.mjs';
import { releasePairs } from './release-pairs.mjs';
import { filesIn } from './small-tree.mjs';

export const title = 'bytes on the wire for the next release of what is cached';
export const aims =
  'Aim: below casync on every pair. Bytes as nginx counts them: all that it sent, headers and indexes included; whole packages and changed files are the sizes of their files.';

export async function measure({ folder, seed, signal, atEnd }) {
  const tools = await programs('nginx', 'casync', 'diff', 'tar', 'wimlib-imagex', 'zsync', 'zsyncmake');
  const sources = join(folder, 'releases');
  const pairs = await releasePairs(sources, { tar: tools.tar, wimlib: tools['wimlib-imagex'], seed });
  const results = [];
  for (const { name, trees } of pairs) {
    signal.throwIfAborted();
    const [older, newer] = trees;
    results.push(await timed(name, () => measurePair({ name, older, newer, folder, tools, atEnd })));
  }
  const megabytes = bytes => (bytes / 1e6).toFixed(2);
  return {
    results,
    table: rowsOf(
      [
        'MB',
        'whole',
        'changed files',
        'zsync, tar',
        'zsync, files',
        'casync',
        'prestage',
        'of casync',
        'requests',
      ],
      results.map(({ name, bytes, requests }) => [
        name,
        megabytes(bytes.whole),
        megabytes(bytes.changedFiles),
        megabytes(bytes.zsyncTar),
        megabytes(bytes.zsyncFiles),
        megabytes(bytes.casync),
        megabytes(bytes.prestage),
        (bytes.prestage / bytes.casync).toFixed(2),
        `${requests.prestage} / ${requests.casync}`,
      ]),
    ),
    verdict: results.map(({ name, bytes }) =>
      judged(`${name}, of casync's bytes`, bytes.prestage / bytes.casync, 1),
    ),
  };
}

async function measurePair({ name, older, newer, folder, tools, atEnd }) {
  const [scratch, served] = [join(folder, 'scratch'), join(folder, 'served')];
  const clear = () => {
    for (const place of [scratch, served]) rmSync(place, { recursive: true, force: true });
  };
  atEnd(clear);
  const bytes = {
    whole: bytesOf(
      newer,
      filesIn(newer).map(file => relative(newer, file)),
    ),
  };
  const requests = {};
  bytes.changedFiles = bytesOf(newer, changedFiles({ older, newer }));
  const count = (key, { sentBytes, requests: asked }, besides = 0) => {
    bytes[key] = sentBytes + besides;
    requests[key] = asked;
  };
  // A single file is given as such: casync cuts it, instead of an archive with it in.
  const [only, ...others] = filesIn(newer);
  const single = others.length === 0 ? relative(newer, only) : '';
  for (const [key, tool] of Object.entries({ casync, zsyncTar: zsyncOfTar, zsyncFiles: zsyncOfFiles })) {
    clear();
    for (const place of [scratch, served]) mkdirSync(place, { recursive: true });
    const into = key === 'casync' ? single : '';
    const work = { older: join(older, into), newer: join(newer, into), scratch };
    const { prepare, fetch, fetched, besides } = tool({ tools, served, work });
    await prepare();
    count(key, await wireOf(served, fetch), besides);
    if (fetched !== undefined) await run('diff', ['-rq', work.newer, fetched()]);
  }
  clear();
  count('prestage', await byPrestage({ older, newer, folder, scratch, atEnd }));
  say(`          ${name}: prestage ${bytes.prestage}, casync ${bytes.casync}`);
  return { name, bytes, requests };
}

/** The older version is acquired as well: the cache is what Prestage itself has left. */
async function byPrestage({ older, newer, folder, scratch, atEnd }) {
  const site = await openFetchSite(folder, atEnd);
  mkdirSync(scratch, { recursive: true });
  await site.publish('1', older);
  await wireOf(site.point, url => acquired(site.acquiring(url, scratch, '1')));
  await site.publish('2', newer);
  const wire = await wireOf(site.point, url => acquired(site.acquiring(url, scratch, '2', '1')));
  await run('diff', ['-rq', newer, site.itemOn(scratch)]);
  return wire;
}

/** What a server sends while `fetch(url)` runs. */
async function wireOf(served, fetch) {
  const nginx = await startNginx(served);
  try {
    await fetch(nginx.url);
    return await nginx.wire();
  } finally {
    await nginx.close();
  }
}
