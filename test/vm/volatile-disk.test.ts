import { execFile } from 'node:child_process';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { asRoot } from '../../scripts/vm/disk/as-root.mjs';
import { seededRandom } from '../../scripts/vm/disk/seeded-random.mjs';
import type { CutPolicy } from '../../scripts/vm/disk/surviving-writes.mjs';
import { openVolatileDisk, type VolatileDisk } from '../../scripts/vm/disk/volatile-disk.mjs';
import { seeded } from '../support/seeded.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { FLUSH, FUA, type NbdClient, openNbd, READ, WRITE, WRITE_ZEROES } from './nbd-client.ts';
import { contentsOf, contentsOfFile, drawChange, filled, SECTOR, sectorHistory } from './sector-history.ts';

const folder = tempFolder('volatile-disk');
const socket = path.join(folder, 'nbd.sock');
const MIB = 1024 * 1024;

function emptyImage(name: string, bytes: number): string {
  const image = path.join(folder, name);
  writeFileSync(image, '');
  truncateSync(image, bytes);
  return image;
}

async function start(
  name: string,
  bytes = 4 * MIB,
): Promise<{ readonly image: string; readonly disk: VolatileDisk; readonly client: NbdClient }> {
  const image = emptyImage(name, bytes);
  const disk = await openVolatileDisk({ image, socket });
  return { image, disk, client: await openNbd(socket) };
}

/** QEMU's own client. `abort` as the last command ends it as kill -9 does: no flush on its way out. @returns what it printed */
async function qemuIo(...commands: readonly string[]): Promise<string> {
  const words = commands.flatMap(command => ['-c', command]);
  const run = promisify(execFile)(
    'qemu-io',
    ['-f', 'raw', '-t', 'writeback', ...words, `nbd+unix:///?socket=${socket}`],
    { cwd: folder },
  );
  const { stdout } = await run.catch((error: { stdout: string; signal: string }) => {
    if (error.signal !== 'SIGABRT') throw error;
    return error;
  });
  expect(stdout).not.toMatch(/failed|error/i);
  return stdout;
}

const bytesOf = (image: string, offset: number, length: number): Buffer =>
  readFileSync(image).subarray(offset, offset + length);

test("QEMU reads back what it wrote; of what it did not flush nothing is left after a cut with 'none'", async () => {
  const image = emptyImage('qemu.img', 64 * MIB);
  const disk = await openVolatileDisk({ image, socket });
  await qemuIo('write -P 1 0 64k', 'flush', 'write -P 2 4k 4k', 'read -P 1 0 4k', 'read -P 2 4k 4k', 'abort');
  // Another QEMU on the same disk: its power was not cut yet.
  await qemuIo(
    'read -P 2 4k 4k',
    'write -f -P 3 8k 4k',
    'write -P 4 16M 3M',
    'write -z 0 2k',
    'read -P 0 0 2k',
    'abort',
  );
  expect(disk.counts()).toMatchObject({ fua: 1, flushes: 1, unflushed: 3 });
  expect(bytesOf(image, 4096, 4096)).toEqual(Buffer.alloc(4096, 1));
  expect(await disk.cut('none')).toEqual({ unflushed: 3, kept: 0, torn: 0 });
  const left = readFileSync(image);
  expect(left.subarray(0, 8192).equals(Buffer.alloc(8192, 1))).toBe(true);
  expect(left.subarray(8192, 12288).equals(Buffer.alloc(4096, 3))).toBe(true);
  expect(left.subarray(12288, 65536).equals(Buffer.alloc(53248, 1))).toBe(true);
  expect(left.subarray(65536).equals(Buffer.alloc(64 * MIB - 65536))).toBe(true);
});

test('a QEMU that ends in order has flushed, and everything is there', async () => {
  const image = emptyImage('order.img', 64 * MIB);
  const disk = await openVolatileDisk({ image, socket });
  await qemuIo('write -P 5 1M 8M', 'discard 2M 64k');
  expect(disk.counts().unflushed).toBe(0);
  await disk.cut('none');
  expect(bytesOf(image, MIB, MIB).equals(Buffer.alloc(MIB, 5))).toBe(true);
  expect(bytesOf(image, 2 * MIB, 65536).equals(Buffer.alloc(65536))).toBe(true);
  expect(bytesOf(image, 2 * MIB + 65536, 4096).equals(Buffer.alloc(4096, 5))).toBe(true);
});

test('what survived is what the next start finds', async () => {
  const { image, disk, client } = await start('next-start.img');
  await client.ask({ command: WRITE, offset: 0, data: filled(8, 1) });
  await client.ask({ command: FLUSH });
  await client.ask({ command: WRITE, offset: 0, data: filled(8, 2) });
  await disk.cut('none');
  await expect(client.ask({ command: READ, offset: 0, length: SECTOR })).rejects.toThrow(
    /ended the connection/,
  );
  const next = await openVolatileDisk({ image, socket });
  const again = await openNbd(socket);
  expect(contentsOf((await again.ask({ command: READ, offset: 0, length: 4096 })).data)).toEqual(
    new Array(8).fill(1),
  );
  await again.ask({ command: WRITE, offset: 0, data: filled(8, 3) });
  await next.close();
  expect(contentsOfFile(image).slice(0, 8)).toEqual(new Array(8).fill(3));
});

test('of a base many disks are made, and it stays as it is', async () => {
  const base = emptyImage('base.img', 4 * MIB);
  writeFileSync(base, filled(8192, 9));
  const image = path.join(folder, 'of-base.img');
  const disk = await openVolatileDisk({ image, base, socket });
  const client = await openNbd(socket);
  await client.ask({ command: WRITE, offset: 0, data: filled(1, 1), flags: FUA });
  await disk.close();
  expect(contentsOfFile(image).slice(0, 2)).toEqual([1, 9]);
  expect(new Set(contentsOfFile(base))).toEqual(new Set([9]));
});

test("with 'mixed' half of the writes survive, some torn between two sectors, at their beginning or their end", async () => {
  const { image, disk, client } = await start('torn.img');
  const sectors = 8;
  const writes = 800;
  for (let at = 0; at < writes; at += 1)
    await client.ask({ command: WRITE, offset: at * sectors * SECTOR, data: filled(sectors, at + 1) });
  const result = await disk.cut('mixed', seededRandom(1));
  const contents = contentsOfFile(image);
  const found = { lost: 0, whole: 0, head: 0, tail: 0 };
  for (let at = 0; at < writes; at += 1) {
    const there = contents.slice(at * sectors, (at + 1) * sectors).map(value => {
      expect([0, at + 1]).toContain(value);
      return value === 0 ? '-' : '#';
    });
    const shape = there.join('');
    expect(shape).toMatch(/^(#*-*|-*#*)$/);
    if (!shape.includes('#')) found.lost += 1;
    else if (!shape.includes('-')) found.whole += 1;
    else if (shape.startsWith('#')) found.head += 1;
    else found.tail += 1;
  }
  expect(result).toEqual({ unflushed: writes, kept: writes - found.lost, torn: found.head + found.tail });
  // Three standard deviations around 400, 300, 50 and 50 of 800.
  expect(found.lost).toSatisfy(within(358, 442));
  expect(found.whole).toSatisfy(within(259, 341));
  expect(found.head).toSatisfy(within(30, 70));
  expect(found.tail).toSatisfy(within(30, 70));
});

const within =
  (low: number, high: number) =>
  (value: number): boolean =>
    value >= low && value <= high;

test('a write with FUA is durable by itself: neither older nor newer unflushed writes to its sectors undo it', async () => {
  const outcomes = new Set<string>();
  for (let seed = 0; seed < 60; seed += 1) {
    const { image, disk, client } = await start('fua.img', 64 * SECTOR);
    await client.ask({ command: WRITE, offset: 0, data: filled(6, 1) });
    await client.ask({ command: WRITE, offset: 2 * SECTOR, data: filled(2, 2), flags: FUA });
    await client.ask({ command: WRITE, offset: 3 * SECTOR, data: filled(2, 3) });
    expect(contentsOf((await client.ask({ command: READ, length: 6 * SECTOR })).data)).toEqual([
      1, 1, 2, 3, 3, 1,
    ]);
    expect((await disk.cut('mixed', seededRandom(seed))).unflushed).toBe(2);
    const left = contentsOfFile(image).slice(0, 6);
    expect(left[2]).toBe(2);
    expect([2, 3]).toContain(left[3]);
    expect([0, 1, 3]).toContain(left[4]);
    for (const sector of [0, 1, 5]) expect([0, 1]).toContain(left[sector]);
    outcomes.add(left.join(''));
  }
  // The newer one without the older one, the older one without the newer one, both, none; torn ones beside them.
  for (const outcome of ['002330', '112211', '112331', '002200']) expect(outcomes).toContain(outcome);
});

test.each<{ policy: CutPolicy }>([{ policy: 'none' }, { policy: 'mixed' }, { policy: 'all' }])(
  "whatever is written, reads find the newest, and a cut with '$policy' leaves what it may",
  async ({ policy }) => {
    const sectors = 3000;
    for (let seed = 1; seed <= 8; seed += 1) {
      const random = seeded(seed);
      const { image, disk, client } = await start('property.img', sectors * SECTOR);
      const history = sectorHistory(sectors);
      for (let step = 1; step <= 150; step += 1) {
        const request = drawChange(random, sectors, step);
        expect((await client.ask(request)).error).toBe(0);
        history.did(request);
        if (step % 10 !== 0) continue;
        const first = random.int(sectors - 700);
        const { data } = await client.ask({ command: READ, offset: first * SECTOR, length: 700 * SECTOR });
        expect(contentsOf(data), `seed ${seed}, step ${step}`).toEqual(
          Array.from({ length: 700 }, (_, at) => history.newest(first + at)),
        );
      }
      await disk.cut(policy, seededRandom(seed));
      const impossible = contentsOfFile(image).flatMap((value, sector) => {
        const allowed =
          policy === 'none'
            ? [history.durable(sector)]
            : policy === 'all'
              ? [history.newest(sector)]
              : history.possible(sector);
        return allowed.includes(value) ? [] : [{ seed, sector, value, allowed }];
      });
      expect(impossible).toEqual([]);
    }
  },
);

test('zeros over hundreds of megabytes of nothing take no room in the image', async () => {
  const { image, disk, client } = await start('holes.img', 300 * MIB);
  await client.ask({ command: WRITE, offset: 100 * MIB, data: filled(8, 1) });
  await client.ask({ command: FLUSH });
  await client.ask({ command: WRITE_ZEROES, offset: 0, length: 300 * MIB });
  await disk.close();
  const { stdout } = await promisify(execFile)('du', ['--block-size=1', image]);
  expect(Number.parseInt(stdout, 10)).toBeLessThan(2 * MIB);
  expect(bytesOf(image, 100 * MIB, 4096)).toEqual(Buffer.alloc(4096));
});

test('hundreds of megabytes may be unflushed without being in memory', async () => {
  const { disk, client } = await start('large.img', 512 * MIB);
  const data = filled(8 * 2048, 7);
  const before = process.memoryUsage().rss;
  for (let at = 0; at < 50; at += 1) await client.ask({ command: WRITE, offset: at * 8 * MIB, data });
  expect(disk.counts()).toMatchObject({ unflushed: 50, writtenBytes: 400 * MIB });
  expect(process.memoryUsage().rss - before).toBeLessThan(150 * MIB);
  await disk.cut('none');
});

test('a host without room is an error to the client, and the cut says so: the guest is not to blame', async () => {
  const small = path.join(folder, 'small');
  await promisify(execFile)('mkdir', [small]);
  expect(await asRoot('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=777', 'tmpfs', small])).toEqual({
    code: 0,
    output: '',
  });
  try {
    const disk = await openVolatileDisk({
      image: emptyImage('host-full.img', 16 * MIB),
      socket,
      log: path.join(small, 'log'),
    });
    const client = await openNbd(socket);
    expect((await client.ask({ command: WRITE, offset: 0, data: filled(2048 * 2, 1) })).error).toBe(28);
    await expect(disk.cut('all')).rejects.toThrow(/^the host failed the disk .*ENOSPC/);
  } finally {
    await asRoot('umount', [small]);
  }
});

test('what is no disk is not served, and a socket with a long path says why', async () => {
  const image = emptyImage('odd.img', 1000);
  await expect(openVolatileDisk({ image, socket })).rejects.toThrow(
    /1000 bytes are no whole number of sectors/,
  );
  const long = path.join(folder, 'x'.repeat(120));
  await expect(openVolatileDisk({ image: emptyImage('long.img', MIB), socket: long })).rejects.toThrow(
    /at most 107 bytes/,
  );
});
