import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { decodeChunkIndex, viewChunkIndex } from '../../agent/content/chunk-index.ts';
import { MAX_CHUNK_BYTES } from '../../agent/content/chunking.ts';
import { hashFile } from '../../agent/content/digest.ts';
import { openInPlacePool } from '../../agent/content/in-place-pool.ts';
import { contentJobs } from '../../agent/content/jobs.ts';
import { spawnWorker } from '../../agent/content/spawn-worker.ts';
import { openThreadPool } from '../../agent/content/thread-pool.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { seeded } from '../support/seeded.ts';
import { tempFolder } from '../support/temp-folder.ts';

const root = tempFolder('jobs');
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const put = (name: string, bytes: Uint8Array): string => {
  const file = path.join(root, name);
  writeFileSync(file, bytes);
  return file;
};

const inPlace = openInPlacePool({ jobs: contentJobs, durable: openDurableFiles() });
const threads = openThreadPool({ size: 2, spawn: spawnWorker });
afterAll(async () => {
  await inPlace.close();
  await threads.close();
});

describe.each([
  ['in place', inPlace],
  ['in worker threads', threads],
])('jobs %s', (where, pool) => {
  const random = seeded(where.length);

  it('hash whole files of any size and tell those that are none', async () => {
    const sizes = [0, 1, 65_536, 4 * 1024 * 1024 - 1, 4 * 1024 * 1024, 4 * 1024 * 1024 + 1];
    const files = sizes.map((size, n) => ({ bytes: random.bytes(size), name: `${where} ${n}` }));
    const paths = files.map(file => put(file.name, file.bytes));
    const folder = path.join(root, `${where} folder`);
    mkdirSync(folder);
    const link = path.join(root, `${where} link`);
    symlinkSync(paths[1]!, link);
    const pipe = path.join(root, `${where} pipe`);
    execFileSync('mkfifo', [pipe]);
    let advanced = 0;
    const { sha256: found } = await pool.run(
      'hash-files',
      { paths: [...paths, folder, link, pipe, path.join(root, 'absent'), path.join(paths[1]!, 'below')] },
      { advance: bytes => (advanced += bytes) },
    );
    expect(found).toEqual([
      ...files.map(file => sha256(file.bytes)),
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(advanced).toBe(sizes.reduce((sum, size) => sum + size, 0));
  });

  it('chunk a file so that its index proves it, and check it whole or in parts', async () => {
    const bytes = random.bytes(9_000_000);
    const file = put(`${where} large`, bytes);
    const chunked = await pool.run('chunk-file', { path: file });
    expect(chunked.size).toBe(bytes.length);
    expect(chunked.sha256).toBe(sha256(bytes));
    const index = decodeChunkIndex(chunked.index, {
      path: file,
      size: bytes.length,
      chunks: { count: chunked.chunks, sha256: sha256(chunked.index) },
    });
    for (let chunk = 0; chunk < index.count; chunk += 1) {
      const at = index.offset(chunk);
      expect(index.digestHex(chunk)).toBe(sha256(bytes.subarray(at, at + index.length(chunk))));
    }
    const whole = { path: file, index: chunked.index, first: 0, last: index.count };
    let advanced = 0;
    expect((await pool.run('check-chunks', whole, { advance: n => (advanced += n) })).bad).toEqual([]);
    expect(advanced).toBe(bytes.length);
  });

  it('name exactly the chunks that were damaged, with what is there', async () => {
    const bytes = random.bytes(12_000_000);
    const file = put(`${where} damaged`, bytes);
    const { index: encoded } = await pool.run('chunk-file', { path: file });
    const index = viewChunkIndex(encoded, file);
    const hit = new Set(Array.from({ length: 5 }, () => random.int(index.count)));
    for (const chunk of hit) {
      const at = index.offset(chunk) + random.int(index.length(chunk));
      bytes[at] = bytes[at]! ^ (1 << random.int(8));
    }
    writeFileSync(file, bytes);
    const { bad } = await pool.run('check-chunks', {
      path: file,
      index: encoded,
      first: 0,
      last: index.count,
    });
    expect(bad).toEqual(
      [...hit]
        .sort((a, b) => a - b)
        .map(chunk => ({
          chunk,
          found: sha256(bytes.subarray(index.offset(chunk), index.offset(chunk) + index.length(chunk))),
        })),
    );
    const middle = [...hit].sort((a, b) => a - b)[2]!;
    const part = await pool.run('check-chunks', {
      path: file,
      index: encoded,
      first: middle,
      last: middle + 1,
    });
    expect(part.bad.map(({ chunk }) => chunk)).toEqual([middle]);
  });

  it('find the chunks of a file cut short or absent to be empty', async () => {
    const file = put(`${where} short`, random.bytes(2_000_000));
    const { index: encoded } = await pool.run('chunk-file', { path: file });
    const index = viewChunkIndex(encoded, file);
    truncateSync(file, index.offset(3) + 1);
    const all = { path: file, index: encoded, first: 0, last: index.count };
    const beyond = Array.from({ length: index.count - 3 }, (_, n) => ({ chunk: n + 3, found: '' }));
    expect((await pool.run('check-chunks', all)).bad).toEqual(beyond);
    rmSync(file);
    expect((await pool.run('check-chunks', all)).bad).toHaveLength(index.count);
  });

  it('cut at the boundaries that are forced, unless the chunk would be tiny', async () => {
    const bytes = random.bytes(1_000_000);
    const file = put(`${where} boundaries`, bytes);
    const boundaries = [500_000, 500_100, 700_000, 100, 0, 700_000, 2_000_000];
    const { index: encoded } = await pool.run('chunk-file', { path: file, boundaries });
    const index = viewChunkIndex(encoded, file);
    const offsets = new Set(Array.from({ length: index.count }, (_, chunk) => index.offset(chunk)));
    expect([500_000, 500_100, 700_000, 100].map(at => offsets.has(at))).toEqual([true, false, true, false]);
    expect(index.sizeBytes).toBe(bytes.length);
  });

  it('chunk files of every awkward size: empty, one byte, just one chunk, just one buffer', async () => {
    for (const size of [
      0,
      1,
      MAX_CHUNK_BYTES,
      MAX_CHUNK_BYTES + 1,
      4 * 1024 * 1024 - 1,
      4 * 1024 * 1024,
      4 * 1024 * 1024 + 1,
    ]) {
      const bytes = random.bytes(size);
      const file = put(`${where} awkward`, bytes);
      const chunked = await pool.run('chunk-file', { path: file });
      expect(chunked).toMatchObject({ size, sha256: sha256(bytes) });
      const index = viewChunkIndex(chunked.index, file);
      expect(index.sizeBytes).toBe(size);
      if (index.count > 0)
        expect(
          (await pool.run('check-chunks', { path: file, index: chunked.index, first: 0, last: index.count }))
            .bad,
        ).toEqual([]);
    }
  });

  it('give the same chunks wherever they run', async () => {
    const file = put(`${where} same`, seeded(99).bytes(6_000_000));
    const here = await inPlace.run('chunk-file', { path: file });
    const there = await pool.run('chunk-file', { path: file });
    expect(sha256(there.index)).toBe(sha256(here.index));
  });

  it('answer with a fault that has code, subject and detail', async () => {
    const absent = path.join(root, 'absent');
    await expect(pool.run('chunk-file', { path: absent })).rejects.toMatchObject({
      name: 'Fault',
      code: 'USAGE-08',
      subject: absent,
      detail: { expected: 'a file' },
    });
    await expect(
      pool.run('check-chunks', { path: absent, index: new Uint8Array(3), first: 0, last: 1 }),
    ).rejects.toMatchObject({ code: 'TRUST-12' });
  });

  it('turn what nobody expected into BUG-01 and go on with the next job', async () => {
    const broken = { path: 'x', index: undefined } as unknown as {
      path: string;
      index: Uint8Array;
      first: number;
      last: number;
    };
    await expect(pool.run('check-chunks', broken)).rejects.toMatchObject({
      code: 'BUG-01',
      cause: expect.any(Error),
    });
    await expect(pool.run('hash-files', { paths: [] })).resolves.toEqual({ sha256: [] });
  });

  it('stop on request: the running one soon, the waiting ones at once', async () => {
    const file = put(`${where} stop`, Buffer.alloc(8 * 1024 * 1024));
    const stop = new AbortController();
    const paths = Array.from({ length: 400 }, () => file);
    const work = Array.from({ length: 4 }, () =>
      pool.run('hash-files', { paths }, { signal: stop.signal, advance: () => stop.abort() }),
    );
    const results = await Promise.allSettled(work);
    for (const result of results)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'STOP-01' } });
    await expect(pool.run('hash-files', { paths: [] }, { signal: stop.signal })).rejects.toMatchObject({
      code: 'STOP-01',
    });
    await expect(pool.run('hash-files', { paths: [file] })).resolves.toEqual({
      sha256: [sha256(Buffer.alloc(8 * 1024 * 1024))],
    });
  });

  it('run in great number without mixing up their answers', async () => {
    const files = Array.from({ length: 200 }, (_, n) => ({ n, bytes: random.bytes(random.int(5000)) }));
    const paths = files.map(file => put(`${where} many ${file.n}`, file.bytes));
    const found = await Promise.all(paths.map(file => pool.run('hash-files', { paths: [file] })));
    expect(found.map(({ sha256: [digest] }) => digest)).toEqual(files.map(file => sha256(file.bytes)));
  });
});

describe('a thread pool', () => {
  it('fails the job of a thread that dies, and no other', async () => {
    let spawned = 0;
    const pool = openThreadPool({
      size: 1,
      spawn: start => {
        spawned += 1;
        const worker = spawnWorker(start);
        if (spawned === 1) worker.once('online', () => void worker.terminate());
        return worker;
      },
    });
    const file = put('outlives', Buffer.from('x'));
    const first = pool.run('hash-files', { paths: [file] });
    const second = pool.run('hash-files', { paths: [file] });
    await expect(first).rejects.toMatchObject({ code: 'BUG-01', detail: { job: 'hash-files' } });
    await expect(second).resolves.toEqual({ sha256: [sha256(Buffer.from('x'))] });
    expect(spawned).toBe(2);
    await pool.close();
  });

  it('fails a job when no thread can be started', async () => {
    const pool = openThreadPool({
      size: 1,
      spawn: () => {
        throw new Error('no memory for a thread');
      },
    });
    await expect(pool.run('hash-files', { paths: [] })).rejects.toMatchObject({
      code: 'BUG-01',
      subject: 'no memory for a thread',
    });
  });

  it('starts no more threads than it was given, and none before it has work', async () => {
    let spawned = 0;
    const pool = openThreadPool({
      size: 2,
      spawn: start => {
        spawned += 1;
        return spawnWorker(start);
      },
    });
    expect(spawned).toBe(0);
    await Promise.all(Array.from({ length: 8 }, () => pool.run('hash-files', { paths: [] })));
    expect(spawned).toBe(2);
    await pool.close();
  });

  it.each([
    { kinds: 'AB', switches: 0 },
    { kinds: 'ABC', switches: 60 },
  ])(
    'leaves work near to $kinds to the threads that know it, and keeps nothing waiting',
    async ({ kinds, switches }) => {
      const ran: string[][] = [];
      // Threads that are equally fast, which real ones are only on a quiet machine.
      const spawn = (): Worker => {
        const kindsRun: string[] = [];
        ran.push(kindsRun);
        const worker = Object.assign(new EventEmitter(), {
          ref() {},
          unref() {},
          terminate: async () => 0,
          postMessage({
            job,
            input,
          }: {
            readonly job: number;
            readonly input: { readonly paths: string[] };
          }) {
            kindsRun.push(input.paths[0] ?? '');
            setImmediate(() => worker.emit('message', { kind: 'done', job, output: { sha256: [] } }));
          },
        });
        return worker as unknown as Worker;
      };
      const pool = openThreadPool({ size: 2, spawn });
      const ended: string[] = [];
      // Two lanes each, of ten jobs, as of sources that serve together.
      const lanes = [...kinds, ...kinds].map(async kind => {
        for (let n = 0; n < 10; n++) {
          await pool.run('hash-files', { paths: [kind] }, { near: kind });
          ended.push(kind);
        }
      });
      await Promise.all(lanes);
      const switched = ran.flatMap(kindsRun =>
        kindsRun.filter((kind, n) => n > 0 && kind !== kindsRun[n - 1]),
      );
      expect(switched.length).toBeLessThanOrEqual(switches);
      for (const kind of kinds) expect(ended.indexOf(kind)).toBeLessThan(2 * kinds.length);
      await pool.close();
    },
  );

  it('forgets when it is told, what is at work afterwards, and goes on', async () => {
    const pool = openThreadPool({ size: 2, spawn: spawnWorker });
    const file = put('long', seeded(6).bytes(60_000_000));
    const work = Array.from({ length: 4 }, (_, n) =>
      pool.run('hash-files', { paths: [file] }, { near: `server ${n % 2}` }),
    );
    await Promise.all([pool.forget(), pool.forget()]);
    for (const { sha256: found } of await Promise.all(work)) expect(found).toHaveLength(1);
    await pool.forget();
    expect(await pool.run('hash-files', { paths: [] })).toEqual({ sha256: [] });
    const last = pool.run('hash-files', { paths: [file] }, { near: 'server' }).catch(() => {});
    const forgotten = pool.forget();
    await pool.close();
    await Promise.all([last, forgotten]);
  });

  it('ends what runs and what waits when it is closed: STOP-01', async () => {
    const pool = openThreadPool({ size: 1, spawn: spawnWorker });
    const work = [pool.run('hash-files', { paths: [] }), pool.run('hash-files', { paths: [] })];
    const settled = Promise.allSettled(work);
    await pool.close();
    for (const result of await settled)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'STOP-01' } });
    await expect(pool.run('hash-files', { paths: [] })).rejects.toMatchObject({ code: 'STOP-01' });
  });

  it('keeps the process alive until it is closed, also when an answer comes in between', () => {
    const agent = path.join(import.meta.dirname, '../../agent/content');
    const program = `
      import { openThreadPool } from ${JSON.stringify(path.join(agent, 'thread-pool.ts'))};
      import { spawnWorker } from ${JSON.stringify(path.join(agent, 'spawn-worker.ts'))};
      const pool = openThreadPool({ size: 1, spawn: spawnWorker });
      const work = () => pool.run('hash-files', { paths: [] });
      await work();
      const answered = work();
      // The answer lies there when closing begins, and is heard while it waits for the thread's end.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
      await pool.close();
      console.log('closed', await answered);`;
    const file = put('closes.mjs', Buffer.from(program));
    expect(execFileSync(process.execPath, [file], { encoding: 'utf8' })).toBe('closed { sha256: [] }\n');
  });
});

describe('hashing one file on the main thread', () => {
  it('gives its digest, or undefined when there is no plain file', async () => {
    const bytes = seeded(5).bytes(5_000_000);
    expect(await hashFile(put('one', bytes))).toBe(sha256(bytes));
    expect(await hashFile(root)).toBeUndefined();
    expect(await hashFile(path.join(root, 'absent'))).toBeUndefined();
  });
});
