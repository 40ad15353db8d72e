import { truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openVolatileDisk, type VolatileDisk } from '../../scripts/vm/disk/volatile-disk.mjs';
import { seeded } from '../support/seeded.ts';
import { tempFolder } from '../support/temp-folder.ts';
import {
  connectTo,
  DISCONNECT,
  FLUSH,
  FUA,
  type NbdClient,
  openNbd,
  READ,
  TRIM,
  WRITE,
  WRITE_ZEROES,
} from './nbd-client.ts';

const folder = tempFolder('nbd');
const socket = path.join(folder, 'nbd.sock');
const image = path.join(folder, 'disk.img');
const MIB = 1024 * 1024;
const SIZE = 80 * MIB;
const EINVAL = 22;
const ENOSPC = 28;
const ACK = 1;
const INFO = 3;
const UNSUPPORTED = 0x8000_0001;
const INVALID = 0x8000_0003;
const UNKNOWN = 0x8000_0006;
const TOO_BIG = 0x8000_0009;

let disk: VolatileDisk;
let clients: NbdClient[];

beforeEach(async () => {
  writeFileSync(image, '');
  truncateSync(image, SIZE);
  clients = [];
  disk = await openVolatileDisk({ image, socket });
});

afterEach(async () => {
  for (const client of clients) await client.close();
  await disk.close();
});

async function open(): Promise<NbdClient> {
  const client = await openNbd(socket);
  clients.push(client);
  return client;
}

/** The greeting was read; `flags` were answered. */
async function greeted(flags: number): Promise<NbdClient> {
  const client = await connectTo(socket);
  clients.push(client);
  const greeting = await client.receive(18);
  expect(greeting.toString('latin1', 0, 16)).toBe('NBDMAGICIHAVEOPT');
  expect(greeting.readUInt16BE(16)).toBe(3);
  client.send(Buffer.from([0, 0, 0, flags]));
  return client;
}

test('a client that lists and asks is told the one disk, its size, its abilities and its block sizes', async () => {
  const client = await greeted(3);
  client.option(3);
  expect(await client.reply()).toEqual({ type: 2, data: Buffer.alloc(4) });
  expect((await client.reply()).type).toBe(ACK);
  client.option(6, Buffer.from([0, 0, 0, 0, 0, 1, 0, 3]));
  const about = await client.reply();
  expect(about.type).toBe(INFO);
  expect(about.data.readUInt16BE(0)).toBe(0);
  expect(about.data.readBigUInt64BE(2)).toBe(BigInt(SIZE));
  // HAS_FLAGS, FLUSH, FUA, TRIM, WRITE_ZEROES, CAN_MULTI_CONN; not read-only.
  expect(about.data.readUInt16BE(10)).toBe(0b1_0110_1101);
  const blocks = await client.reply();
  expect([2, 6, 10].map(at => blocks.data.readUInt32BE(at))).toEqual([512, 4096, 32 * MIB]);
  expect((await client.reply()).type).toBe(ACK);
  client.option(7, Buffer.alloc(6));
  for (const type of [INFO, INFO, ACK]) expect((await client.reply()).type).toBe(type);
  expect((await client.ask({ command: READ, offset: 0, length: 512 })).data).toEqual(Buffer.alloc(512));
});

test.each([
  { flags: 1, zeros: 124 },
  { flags: 3, zeros: 0 },
])(
  'an old client names the disk (EXPORT_NAME) and gets $zeros zeros with its size',
  async ({ flags, zeros }) => {
    const client = await greeted(flags);
    client.option(1);
    const answer = await client.receive(10 + zeros);
    expect(answer.readBigUInt64BE(0)).toBe(BigInt(SIZE));
    expect(answer.subarray(10)).toEqual(Buffer.alloc(zeros));
    expect((await client.ask({ command: FLUSH })).error).toBe(0);
  },
);

test('an option that is not known, too long, malformed or of another disk is refused, and the next one heard', async () => {
  const client = await greeted(3);
  for (const [option, data, type] of [
    [5, Buffer.alloc(0), UNSUPPORTED], // STARTTLS
    [8, Buffer.alloc(0), UNSUPPORTED], // structured replies
    [4711, Buffer.alloc(100), UNSUPPORTED],
    [7, Buffer.alloc(9 * MIB), TOO_BIG],
    [7, Buffer.alloc(3), INVALID],
    [7, Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0]), INVALID],
    [7, Buffer.from([0, 0, 0, 0, 0, 9]), INVALID],
    [6, Buffer.from([0, 0, 0, 1, 0x78, 0, 0]), UNKNOWN],
    [3, Buffer.from([1]), INVALID],
  ] as const) {
    client.option(option, data);
    expect((await client.reply()).type).toBe(type);
  }
  client.option(2);
  expect((await client.reply()).type).toBe(ACK);
  expect(await client.rest()).toEqual(Buffer.alloc(0));
});

test.each([
  { what: 'flags that were not offered', bytes: Buffer.from([0x80, 0, 0, 1]) },
  {
    what: 'no option where one belongs',
    bytes: Buffer.concat([Buffer.from([0, 0, 0, 3]), Buffer.alloc(64)]),
  },
  {
    what: 'the name of a disk that is not there',
    bytes: Buffer.from([0, 0, 0, 3, ...Buffer.from('IHAVEOPT'), 0, 0, 0, 1, 0, 0, 0, 1, 0x78]),
  },
])('a client that sends $what is left', async ({ bytes }) => {
  const client = await connectTo(socket);
  clients.push(client);
  await client.receive(18);
  client.send(bytes);
  expect(await client.rest()).toEqual(Buffer.alloc(0));
});

test('a request that cannot be carried out is answered with an error, and the next one carried out', async () => {
  const client = await open();
  for (const [request, error] of [
    [{ command: READ, offset: SIZE, length: 512 }, EINVAL],
    [{ command: READ, offset: SIZE - 512, length: 1024 }, EINVAL],
    [{ command: READ, offset: 0xffff_ffff_ffff_fe00n, length: 512 }, EINVAL],
    [{ command: READ, offset: 0, length: 33 * MIB }, EINVAL],
    [{ command: READ, offset: 0, length: 0 }, EINVAL],
    [{ command: READ, offset: 1, length: 512 }, EINVAL],
    [{ command: READ, offset: 0, length: 100 }, EINVAL],
    [{ command: READ, offset: 0, length: 512, flags: 0x80 }, EINVAL],
    [{ command: WRITE, offset: SIZE, data: Buffer.alloc(512, 1) }, ENOSPC],
    [{ command: WRITE, offset: 0, data: Buffer.alloc(33 * MIB, 1) }, EINVAL],
    [{ command: WRITE, offset: 256, data: Buffer.alloc(512, 1) }, EINVAL],
    [{ command: WRITE, offset: 0, data: Buffer.alloc(511, 1) }, EINVAL],
    [{ command: WRITE_ZEROES, offset: SIZE - 512, length: 1024 }, ENOSPC],
    [{ command: TRIM, offset: SIZE - 512, length: 1024 }, EINVAL],
    [{ command: FLUSH, offset: 512 }, EINVAL],
    [{ command: 5, offset: 0, length: 512 }, EINVAL],
    [{ command: 4711 }, EINVAL],
  ] as const) {
    const { command, offset, length } = { offset: 0, length: 0, ...request };
    const answered = (await client.ask(request)).error;
    expect({ command, offset, length, error: answered }).toEqual({ command, offset, length, error });
  }
  expect(
    (await client.ask({ command: READ, offset: 0, length: 32 * MIB })).data.equals(Buffer.alloc(32 * MIB)),
  ).toBe(true);
  expect((await client.ask({ command: WRITE_ZEROES, offset: 0, length: SIZE })).error).toBe(0);
  expect(disk.counts()).toMatchObject({ writes: 0, zeroes: 1, unflushed: 1 });
});

test('a client that sends what is no request is left, and others are served', async () => {
  const [mad, sane] = [await open(), await open()];
  mad.send(Buffer.alloc(28, 0x41));
  expect(await mad.rest()).toEqual(Buffer.alloc(0));
  expect((await sane.ask({ command: FLUSH })).error).toBe(0);
});

test('a client that vanishes within a write has not written', async () => {
  const [first, second] = [await open(), await open()];
  const header = Buffer.alloc(28);
  header.writeUInt32BE(0x25609513, 0);
  header.writeUInt16BE(WRITE, 6);
  header.writeUInt32BE(MIB, 24);
  first.send(Buffer.concat([header, Buffer.alloc(MIB - 1, 7)]));
  await first.close();
  await expect.poll(async () => (await second.ask({ command: FLUSH })).error).toBe(0);
  expect((await second.ask({ command: READ, offset: 0, length: 4096 })).data).toEqual(Buffer.alloc(4096));
  expect(disk.counts().writes).toBe(0);
});

test('requests that are sent ahead are all answered, in the order of their coming', async () => {
  const client = await open();
  const random = seeded(5);
  const data = Array.from({ length: 200 }, () => random.bytes(512 * (1 + random.int(200))));
  const lengths = new Map<bigint, number>();
  const sent: bigint[] = [];
  for (const bytes of data) {
    sent.push(client.request({ command: WRITE, offset: 0, data: bytes }));
    const read = client.request({ command: READ, offset: 0, length: bytes.length });
    lengths.set(read, bytes.length);
    sent.push(read);
  }
  for (const [at, cookie] of sent.entries()) {
    const answer = await client.answer(lengths);
    expect([answer.cookie, answer.error]).toEqual([cookie, 0]);
    if (at % 2 === 1) expect(answer.data.equals(data[(at - 1) / 2]!)).toBe(true);
  }
});

test('what one connection wrote another one reads, and flushes', async () => {
  const [first, second] = [await open(), await open()];
  expect((await first.ask({ command: WRITE, offset: 4096, data: Buffer.alloc(4096, 9) })).error).toBe(0);
  expect((await second.ask({ command: READ, offset: 4096, length: 512 })).data).toEqual(Buffer.alloc(512, 9));
  expect(disk.counts().unflushed).toBe(1);
  expect((await second.ask({ command: FLUSH })).error).toBe(0);
  expect(disk.counts().unflushed).toBe(0);
});

test('a client that reads no answers keeps no other from its own', async () => {
  const [lazy, busy] = [await open(), await open()];
  lazy.socket.pause();
  for (let count = 0; count < 64; count += 1) lazy.request({ command: READ, offset: 0, length: 8 * MIB });
  for (let count = 0; count < 50; count += 1)
    expect(
      (await busy.ask({ command: WRITE, offset: 0, data: Buffer.alloc(512, count), flags: FUA })).error,
    ).toBe(0);
  // Half a gibibyte was asked for; what was not taken was not made.
  expect(disk.counts().reads).toBeLessThan(8);
});

test('a client that takes its leave is let go', async () => {
  const client = await open();
  client.request({ command: DISCONNECT });
  expect(await client.rest()).toEqual(Buffer.alloc(0));
});
