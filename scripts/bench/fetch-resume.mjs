// What kills cost: the bytes that the server sends to a fetch that is killed twenty times at random moments, against one that is left alone.
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { NODE } from '../setup/place.mjs';
import { run } from '../setup/program.mjs';
import { say, timed } from '../setup/say.mjs';
import { likeExecutable } from './bundle-program.mjs';
import { acquired, openFetchSite } from './fetch-site.mjs';
import { serveOn } from './line.mjs';
import { judged, rowsOf } from './measure.mjs';
import { programs } from './needed.mjs';
import { wireSince } from './nginx.mjs';
import { randomFile } from './random-file.mjs';
import { MEAN_BYTES, randomNumbers, smallTree } from './small-tree.mjs';

export const title = 'a fetch that is killed twenty times at random moments, against one that is not';
export const aims =
  'Aim: the server sends at most 1.02 times the bytes. The server counts what it sent, headers, indexes and what a kill lost on its way included.';

export const takesNet = true;

/** As the other benches. What a kill costs does not grow with it. */
const DEFAULT_MIB = 1024;
const KILLS = 20;

/** A third in small files. */
const SMALL_PART = 1 / 3;

/**
 * What lies in the server's sockets at a kill counts as sent: in the four connections together as much as is under way at 200 Mbit/s and 20 ms. Loopback is slowed
 * down to such a line, too.
 */
const BUFFER_BYTES = 500_000 / 4;
/** Of each connection. */
const BYTES_A_SECOND = 25_000_000 / 4;

export async function measure({ folder, net, mib = DEFAULT_MIB, seed, signal, atEnd }) {
  await programs('nginx', 'diff');
  const tree = await mixedTree(folder, mib, seed);
  const site = await openFetchSite(folder, atEnd);
  const { totalBytes } = await site.publish('1', tree);
  const volume = join(folder, 'volume');
  const clear = () => rmSync(volume, { recursive: true, force: true });
  atEnd(clear);
  const limits = { bufferBytes: BUFFER_BYTES, ...(net ? {} : { bytesPerSecond: BYTES_A_SECOND }) };
  const nginx = await serveOn(site.point, { net, folder, limits, atEnd });
  const served = async work => {
    clear();
    mkdirSync(volume);
    const before = await nginx.wire();
    await work(site.acquiring(nginx.url, volume, '1'));
    // Whatever the program says of it: diff ends with another code than 0 where a byte differs.
    await run('diff', ['-rq', tree, site.itemOn(volume)]);
    return wireSince(before, await nginx.wire());
  };

  let neededMs = 0;
  const alone = await timed('fetched, left alone', () =>
    served(async words => {
      const began = performance.now();
      await acquired(words);
      neededMs = performance.now() - began;
    }),
  );
  const random = randomNumbers(seed);
  const killedAfterMs = [];
  const killed = await timed(`fetched, killed up to ${KILLS} times`, () =>
    served(async words => {
      // On average they cover the whole fetch.
      const longestMs = (neededMs / KILLS) * 2;
      while (killedAfterMs.length < KILLS) {
        signal.throwIfAborted();
        const patienceMs = random.next() * longestMs;
        if (await endsWithin(words, patienceMs)) break;
        killedAfterMs.push(Math.round(patienceMs));
      }
      await acquired(words);
    }),
  );
  if (killedAfterMs.length < KILLS) say(`it was whole after ${killedAfterMs.length} kills`);
  const ratio = killed.sentBytes / alone.sentBytes;
  const row = (name, { requests, sentBytes }) => [
    name,
    String(requests),
    `${(sentBytes / 1e6).toFixed(2)} MB`,
    (sentBytes / alone.sentBytes).toFixed(4),
  ];
  return {
    results: { totalBytes, alone, killed, killedAfterMs, seed },
    table: rowsOf(
      ['', 'requests', 'sent', 'ratio', 'lost a kill'],
      [
        [...row('left alone', alone), ''],
        [
          ...row(`killed ${killedAfterMs.length} times`, killed),
          `${((killed.sentBytes - alone.sentBytes) / killedAfterMs.length / 1e3).toFixed(0)} kB`,
        ],
      ],
    ),
    verdict: [judged(`bytes fetched to bytes needed, ${killedAfterMs.length} kills`, ratio, 1.02)],
  };
}

/** One large file and thousands of small ones, made once. */
async function mixedTree(folder, mib, seed) {
  const tree = join(folder, `tree-${mib}-${seed}`);
  if (statSync(tree, { throwIfNoEntry: false })?.isDirectory()) return tree;
  const staging = `${tree}.new`;
  rmSync(staging, { recursive: true, force: true });
  const smallFiles = Math.round((mib * 2 ** 20 * SMALL_PART) / MEAN_BYTES);
  await smallTree(staging, { files: smallFiles, seed });
  const large = join(folder, 'large.bin');
  await randomFile(large, Math.round(mib * (1 - SMALL_PART)));
  copyFileSync(large, join(staging, 'large.bin'));
  renameSync(staging, tree);
  return tree;
}

/** Kills it so long after it began, unless it has ended by then: what starting takes is nothing to be lost. */
async function endsWithin(words, ms) {
  const child = spawn(NODE, words, { env: likeExecutable().env, stdio: ['ignore', 'pipe', 'inherit'] });
  const patience = new AbortController();
  child.stdout.once('data', () => {
    wait(ms, undefined, { signal: patience.signal }).then(
      () => child.kill('SIGKILL'),
      () => {}, // it has ended
    );
  });
  const { code, how } = await new Promise(done => child.once('close', (code, how) => done({ code, how })));
  patience.abort();
  if (how !== 'SIGKILL' && code !== 0) throw new Error(`the fetch ended with ${how ?? `code ${code}`}`);
  return how !== 'SIGKILL';
}
