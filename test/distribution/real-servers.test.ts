// nginx, Apache httpd, lighttpd, `prestage serve`, a Samba share, a folder, and as far as it goes Python's http.server serve the same tree in the
// same way, as far as a reader can tell, and the same item is made whole from each of them.
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, rename, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cacheLayout, onDistributionPoint } from '../../agent/content/layout.ts';
import { acquire } from '../../agent/distribution/acquire.ts';
import { openSource } from '../../agent/distribution/open-source.ts';
import type { Source } from '../../agent/distribution/source.ts';
import { Fault } from '../../agent/fault/fault.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import {
  acquireWorld,
  differences,
  type Files,
  filesBelow,
  type PublishedItem,
  publishItem,
} from '../support/content-kit.ts';
import { countedSource } from '../support/counted-source.ts';
import { startNginx } from '../support/nginx.ts';
import { startSambaShare } from '../support/samba-share.ts';
import { seeded } from '../support/seeded.ts';
import { faultOf, impatient, readAll } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { startApache, startLighttpd, startPrestageServe, startPythonServer } from '../support/web-servers.ts';

const above = tempFolder('real-servers');
const folder = path.join(above, 'dp');
const big = randomBytes(3_000_000);
/** Everything that means something in a URL and that Windows takes in a name. */
const oddNames = ['a b#c%d+&é.bin', 'Übergröße 100%25.txt', '日本語;=@!,$~.bin', "'(x)[y]{z}^`.bin"];
const GIGABYTE = 1024 ** 3;
const vast = { size: 5 * GIGABYTE + 7, at: Math.floor(4.5 * GIGABYTE), bytes: randomBytes(1_000_000) };
/** A length that no other file has, so that nothing else can be meant. */
const changingBytes = 100;

const { bytes: noise } = seeded(20);
const large = noise(2_000_000);
const many: Files = Object.fromEntries(
  Array.from({ length: 3000 }, (_, n) => [
    `many/${n % 17}/${n % 5 === 0 ? `Größe #${n} 100%` : n}.dat`,
    noise(n % 400),
  ]),
);
const before: Files = { ...many, 'large.bin': large, 'empty.txt': new Uint8Array() };
const after: Files = {
  ...before,
  'large.bin': Buffer.concat([large.subarray(0, 900_000), noise(20), large.subarray(1_000_000)]),
};
/** Few files: what is broken off is the large one. */
const few: Files = { 'large.bin': large, 'small.txt': Buffer.from('small') };
let items: { readonly before: PublishedItem; readonly after: PublishedItem; readonly few: PublishedItem };

beforeAll(async () => {
  // Apache and lighttpd are nobody.
  await chmod(above, 0o755);
  await mkdir(path.join(folder, 'files/deep/er'), { recursive: true });
  await writeFile(path.join(folder, 'files/big.bin'), big);
  await writeFile(path.join(folder, 'files/empty'), '');
  for (const [n, name] of oddNames.entries()) await writeFile(path.join(folder, 'files', name), `odd ${n}`);
  await writeFile(path.join(folder, 'files/deep/er/x.json'), '{"a":1}');
  const file = await open(path.join(folder, 'files/vast.bin'), 'w');
  await file.truncate(vast.size);
  await file.write(vast.bytes, 0, vast.bytes.length, vast.at);
  await file.close();
  items = {
    before: await publishItem(folder, before, { version: '1' }),
    after: await publishItem(folder, after, { version: '2' }),
    few: await publishItem(folder, few, { id: 'ABC00013' }),
  };
});

interface Kind {
  readonly start: () => Promise<{ readonly url: string; close(): Promise<void> }>;
  /** What it cannot. */
  readonly without?: 'ranges';
  /** Names that the way to it cannot carry. */
  readonly unspeakable?: RegExp;
}

const servers: Readonly<Record<string, Kind>> = {
  nginx: { start: () => startNginx(folder) },
  'Apache httpd': { start: () => startApache(folder) },
  lighttpd: { start: () => startLighttpd(folder) },
  "Python's http.server": { start: () => startPythonServer(folder), without: 'ranges' },
  'the executable serving': { start: () => startPrestageServe(folder) },
  // smbnetfs hands names on as parts of URLs, and libsmbclient decodes them.
  'a Samba share': { start: () => startSambaShare(folder), unspeakable: /%[0-9a-f]{2}/i },
};

const folders: Readonly<Record<string, Kind>> = {
  'a folder by path': { start: async () => ({ url: folder, close: async () => {} }) },
  'a folder by file: URL': {
    start: async () => ({ url: pathToFileURL(folder).href, close: async () => {} }),
  },
};

describe.each(Object.entries({ ...servers, ...folders }))(
  '%s as a source',
  (name, { start, without, unspeakable }) => {
    const givesRanges = without !== 'ranges';
    let server: Awaited<ReturnType<typeof start>>;
    let source: Source;
    beforeAll(async () => {
      server = await start();
      source = openPatientSource(server.url);
    });
    afterAll(async () => {
      await source?.close();
      await server?.close();
    });

    it('gives a whole file, and an empty one', async () => {
      expect(Buffer.compare(await readAll(source, 'files/big.bin', { expectedSize: big.length }), big)).toBe(
        0,
      );
      expect((await readAll(source, 'files/empty', { expectedSize: 0 })).length).toBe(0);
    });

    const names = oddNames
      .map((odd, n) => [odd, n] as const)
      .filter(([odd]) => unspeakable?.test(odd) !== true);
    it.each(names)('gives a file named %s', async (odd, n) => {
      const text = Buffer.from(await readAll(source, `files/${odd}`, { expectedSize: 5 })).toString();
      expect(text).toBe(`odd ${n}`);
    });

    it('gives a document, and an empty one', async () => {
      const document = await source.readDocument('files/deep/er/x.json', { maxBytes: 100 });
      expect(Buffer.from(document).toString()).toBe('{"a":1}');
      expect((await source.readDocument('files/empty', { maxBytes: 100 })).length).toBe(0);
    });

    it('is refused a document beyond its cap, and gives one that just fits', async () => {
      const path = 'files/deep/er/x.json';
      expect((await faultOf(source.readDocument(path, { maxBytes: 6 }))).code).toBe('TRUST-08');
      expect((await source.readDocument(path, { maxBytes: 7 })).length).toBe(7);
    });

    it('tells that a file is not there', async () => {
      expect((await faultOf(source.readDocument('files/none.json', { maxBytes: 100 }))).code).toBe('NET-02');
      expect((await faultOf(source.read('none/none', { expectedSize: 1 }))).code).toBe('NET-02');
    });

    it('has a file of another size than the manifest tells', async () => {
      const fault = await faultOf(readAll(source, 'files/big.bin', { expectedSize: 2_999_999 }));
      expect(fault.code).toBe(source.name.startsWith('http') ? 'NET-07' : 'CONTENT-08');
    });

    it('stops when asked to', async () => {
      const stop = new AbortController();
      const { bytes } = await source.read('files/big.bin', { expectedSize: big.length, signal: stop.signal });
      const reading = (async () => {
        for await (const _piece of bytes) stop.abort();
      })();
      expect((await faultOf(reading)).code).toBe('STOP-01');
    });

    it('lets a reader go away in the middle', async () => {
      const { bytes } = await source.read('files/big.bin', { expectedSize: big.length });
      for await (const _piece of bytes) break;
      expect((await readAll(source, 'files/big.bin', { expectedSize: big.length })).length).toBe(big.length);
    });

    const ranges: readonly (readonly [start: number, end: number])[] = [
      [0, 1],
      [0, big.length],
      [1_234_567, 2_345_678],
      [big.length - 1, big.length],
    ];
    it(
      givesRanges ? 'gives exactly the bytes asked for' : 'tells that it gives whole files only',
      async () => {
        for (const [start, end] of ranges) {
          const reading = readAll(source, 'files/big.bin', {
            expectedSize: big.length,
            range: { start, end },
          });
          if (givesRanges || (start === 0 && end === big.length))
            expect(Buffer.compare(await reading, big.subarray(start, end))).toBe(0);
          else expect(await faultOf(reading)).toMatchObject({ code: 'NET-08', detail: { wholeOnly: true } });
        }
      },
    );

    it('is asked for a part beyond 4 GiB', async () => {
      const range = { start: vast.at - 10, end: vast.at + vast.bytes.length };
      const reading = readAll(source, 'files/vast.bin', { expectedSize: vast.size, range });
      if (!givesRanges) {
        expect((await faultOf(reading)).code).toBe('NET-08');
        return;
      }
      expect(Buffer.compare(await reading, Buffer.concat([Buffer.alloc(10), vast.bytes]))).toBe(0);
      const end = { start: vast.size - 3, end: vast.size };
      expect(await readAll(source, 'files/vast.bin', { expectedSize: vast.size, range: end })).toHaveLength(
        3,
      );
    });

    it('ties a later request to the same file by its validator', async () => {
      const { validator, range } = await firstPart(source, givesRanges, 'files/big.bin', big.length);
      const got = await readAll(source, 'files/big.bin', {
        expectedSize: big.length,
        ...(range ? { range: { start: 10, end: 20 } } : {}),
        validator,
      });
      expect(Buffer.compare(got, range ? big.subarray(10, 20) : big)).toBe(0);
    });

    it('does not go on when the file is no longer the one that the transfer began with', async () => {
      const changing = `files/changing ${name}.bin`;
      const place = path.join(folder, changing);
      await writeFile(place, 'a'.repeat(changingBytes));
      // A time of whole seconds in the past: only then is Last-Modified taken for a validator.
      await utimes(place, 1.1e9, 1.1e9);
      const { validator, range } = await firstPart(source, givesRanges, changing, changingBytes);
      await writeFile(`${place}.new`, 'b'.repeat(changingBytes));
      await utimes(`${place}.new`, 1e9, 1e9);
      await rename(`${place}.new`, place);
      // A server may keep what it knows of a file for a second (lighttpd's stat cache, FUSE): until then it gives the old one's bytes.
      const goOn = readAll.bind(undefined, source, changing, {
        expectedSize: changingBytes,
        ...(range ? { range: { start: 10, end: 20 } } : {}),
        validator,
      });
      const outcome = (): Promise<string> =>
        goOn().then(
          bytes => Buffer.from(bytes).toString().replaceAll('a', ''),
          thrown => (thrown instanceof Fault ? thrown.code : String(thrown)),
        );
      await expect.poll(outcome, { timeout: 5000, interval: 100 }).toBe('NET-11');
      // Begun anew, it is the new file's bytes.
      const whole = await readAll(source, changing, { expectedSize: changingBytes });
      expect(Buffer.from(whole).toString()).toBe('b'.repeat(changingBytes));
    });
  },
);

describe.each(Object.entries(servers))('from %s', (name, { start, without }) => {
  const givesRanges = without !== 'ranges';
  let server: Awaited<ReturnType<typeof start>>;
  let source: Source;
  beforeAll(async () => {
    server = await start();
    source = openPatientSource(server.url);
  });
  afterAll(async () => {
    await source?.close();
    await server?.close();
  });

  it('an item of 3,000 small files is made whole, and its next version by what has changed', async () => {
    const volume = path.join(above, 'volumes', name);
    await mkdir(volume, { recursive: true });
    const { layout } = acquireWorld(volume, []);
    const whole = await acquire(items.before, acquireWorld(volume, [source]));
    expect(differences(await filesBelow(layout.item('ABC00012')), before)).toEqual([]);
    expect(whole.fetchedBytes).toBe(sizeOf(before));
    const next = await acquire(
      { ...items.after, local: items.before.manifest },
      acquireWorld(volume, [source]),
    );
    expect(differences(await filesBelow(layout.item('ABC00012')), after)).toEqual([]);
    expect(next.fetchedBytes).toBeLessThanOrEqual(givesRanges ? 400_000 : large.length);
    await rm(volume, { recursive: true });
  });

  it('an item whose transfer was broken off goes on where it was, though its file was published anew', async () => {
    const volume = path.join(above, 'volumes', `${name} broken off`);
    await mkdir(volume, { recursive: true });
    const stop = new AbortController();
    let got = 0;
    const counted = countedSource(source, bytes => {
      got += bytes;
      if (got > 1_200_000) stop.abort();
    });
    const breaking = acquire(items.few, acquireWorld(volume, [counted], { signal: stop.signal }));
    expect((await faultOf(breaking)).code).toBe('STOP-01');
    const published = path.join(folder, onDistributionPoint.file('ABC00013', '1', 'large.bin'));
    await writeFile(`${published}.new`, large);
    await rename(`${published}.new`, published);
    const { presentBytes, fetchedBytes } = await acquire(items.few, acquireWorld(volume, [source]));
    expect(differences(await filesBelow(cacheLayout(volume).item('ABC00013')), few)).toEqual([]);
    expect(presentBytes).toBeGreaterThan(500_000);
    if (givesRanges) expect(presentBytes + fetchedBytes).toBe(sizeOf(few));
    await rm(volume, { recursive: true });
  });
});

/** These servers are good ones: what they take their time for is a busy machine. */
function openPatientSource(url: string): Source {
  const settings = { ...impatient, stallTimeoutMs: 20_000 };
  return openSource({ url, priority: 1 }, { settings, clock: systemClock, random: () => 0.5 });
}

/** Reads the beginning of a file, or all of it from a source that gives no ranges. */
async function firstPart(
  source: Source,
  givesRanges: boolean,
  from: string,
  expectedSize: number,
): Promise<{ readonly validator: string; readonly range: boolean }> {
  const first = await source.read(from, {
    expectedSize,
    ...(givesRanges ? { range: { start: 0, end: 10 } } : {}),
  });
  for await (const _piece of first.bytes);
  expect(first.validator).toBeTypeOf('string');
  return { validator: first.validator ?? '', range: givesRanges };
}

function sizeOf(files: Files): number {
  return Object.values(files).reduce((sum, bytes) => sum + bytes.length, 0);
}
