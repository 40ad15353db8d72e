// The pure WIM reader against files that libwim makes, and against damage.
import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkIntegrity, describeWim, resourceBoundaries } from '../../agent/wim/read-wim.ts';
import {
  captureWim,
  overwrite,
  type TemporaryFolder,
  temporaryFolder,
  windowsLikeTree,
  writeTree,
} from '../support/wim-kit.ts';

let folder: TemporaryFolder;
let wim: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  wim = folder.join('good.wim');
  await windowsLikeTree(folder.join('source'));
  await writeTree(folder.join('second'), { 'a.txt': 'a' });
  await captureWim(wim, [
    {
      folder: folder.join('source'),
      name: 'Ünïcode & <Sons>',
      description: 'first',
      properties: [
        'WINDOWS/ARCH=12',
        'WINDOWS/VERSION/BUILD=26100',
        'WINDOWS/VERSION/SPBUILD=1742',
        'WINDOWS/EDITIONID=Pro',
      ],
    },
    { folder: folder.join('second'), name: 'Second' },
  ]);
});

afterAll(() => folder[Symbol.asyncDispose]());

/** A copy of the good WIM, changed by `damage`. */
async function damagedCopy(name: string, damage: (bytes: Buffer) => void): Promise<string> {
  const bytes = await readFile(wim);
  damage(bytes);
  const file = folder.join(name);
  await writeFile(file, bytes);
  return file;
}

describe('a WIM that libwim made', () => {
  it('is described by its header', async () => {
    const { header, fileBytes } = await describeWim(wim);
    expect(fileBytes).toBe((await stat(wim)).size);
    expect(header).toMatchObject({
      solid: false,
      compression: 'lzx',
      chunkBytes: 32768,
      partCount: 1,
      imageCount: 2,
      bootIndex: 0,
    });
    expect(header.guid).toMatch(/^[0-9a-f]{32}$/);
  });

  it('names its images as they were captured', async () => {
    const { images } = await describeWim(wim);
    expect(images[0]).toMatchObject({
      index: 1,
      name: 'Ünïcode & <Sons>',
      architecture: 'arm64',
      build: '26100.1742',
      edition: 'Pro',
      fileCount: 306,
    });
    expect(images[0]!.totalBytes).toBeGreaterThan(8 * 1024 * 1024);
    expect(images[1]).toMatchObject({ index: 2, name: 'Second', architecture: undefined, build: undefined });
  });

  it('passes its own integrity table', async () => {
    expect(await checkIntegrity(wim)).toEqual({ table: 'present', badRanges: [] });
  });

  it('tells where its large resources begin and end', async () => {
    const boundaries = await resourceBoundaries(wim);
    expect(boundaries.length).toBeGreaterThanOrEqual(2);
    expect(boundaries).toEqual([...boundaries].sort((a, b) => a - b));
    // The 8 MB of noise are one resource, stored at about their own size.
    const lengths = boundaries.slice(1).map((end, index) => end - boundaries[index]!);
    expect(Math.max(...lengths)).toBeGreaterThanOrEqual(8 * 1024 * 1024);
    expect(boundaries.at(-1)).toBeLessThan((await stat(wim)).size);
  });

  it('may have no integrity table', async () => {
    const plain = folder.join('plain.wim');
    await captureWim(plain, [{ folder: folder.join('second'), name: 'x' }], {
      integrity: false,
      compression: 'none',
    });
    expect(await checkIntegrity(plain)).toEqual({ table: 'absent' });
    expect((await describeWim(plain)).header.compression).toBe('none');
  });
});

describe('damage', () => {
  it('is named by the integrity table as a range with both digests', async () => {
    const bad = await damagedCopy('rot.wim', bytes =>
      bytes.writeUInt32LE(~bytes.readUInt32LE(5_000_000) >>> 0, 5_000_000),
    );
    const checked = await checkIntegrity(bad);
    const { header } = await describeWim(bad);
    expect(checked).toMatchObject({
      table: 'present',
      badRanges: [{ offset: 208, lengthBytes: header.blobTable.offset + header.blobTable.storedBytes - 208 }],
    });
  });

  it('is not seen by it in the header and the XML, which it does not cover', async () => {
    const { header } = await describeWim(wim);
    const bad = await damagedCopy('xml.wim', bytes => bytes.write('X', header.xml.offset + 4));
    expect(await checkIntegrity(bad)).toEqual({ table: 'present', badRanges: [] });
    await expect(describeWim(bad)).rejects.toMatchObject({ code: 'IMAGE-02' });
  });

  it('stops when asked to', async () => {
    await expect(checkIntegrity(wim, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'STOP-01',
    });
  });

  const headers: readonly [string, string, (bytes: Buffer) => void][] = [
    ['another magic number', 'IMAGE-01', bytes => bytes.write('MSWIN', 0)],
    ['a pipable WIM', 'IMAGE-01', bytes => bytes.write('WLPWM', 0)],
    ['an unknown version', 'IMAGE-01', bytes => bytes.writeUInt32LE(0x20000, 12)],
    ['a header of another length', 'IMAGE-02', bytes => bytes.writeUInt32LE(212, 8)],
    ['a blob table beyond the end', 'IMAGE-02', bytes => bytes.writeBigUInt64LE(1n << 40n, 0x38)],
    ['an XML beyond 2^53', 'IMAGE-02', bytes => bytes.writeBigUInt64LE(1n << 60n, 0x50)],
    ['an XML within the header', 'IMAGE-02', bytes => bytes.writeBigUInt64LE(4n, 0x50)],
    ['an integrity table beyond the end', 'IMAGE-02', bytes => bytes.writeBigUInt64LE(1n << 40n, 0x84)],
    ['a boot index beyond the images', 'IMAGE-02', bytes => bytes.writeUInt32LE(3, 0x78)],
    ['another image count than the XML', 'IMAGE-02', bytes => bytes.writeUInt32LE(3, 0x2c)],
    ['a compressed XML', 'IMAGE-02', bytes => bytes.writeUInt8(4, 0x4f)],
  ];
  it.each(headers)('%s is refused with %s', async (_what, code, damage) => {
    const bad = await damagedCopy('header.wim', damage);
    await expect(describeWim(bad)).rejects.toMatchObject({ code, subject: bad });
  });

  it.each([
    ['its size', 0],
    ['its number of entries', 4],
    ['its chunk size', 8],
  ])('an integrity table that lies about %s is refused', async (_what, at) => {
    const { header } = await describeWim(wim);
    const bad = await damagedCopy('table.wim', bytes =>
      bytes.writeUInt32LE(0xffff_fff0, header.integrity.offset + at),
    );
    await expect(checkIntegrity(bad)).rejects.toMatchObject({
      code: 'IMAGE-02',
      detail: { part: 'integrity table' },
    });
  });

  it('a blob table whose entry lies beyond the end is refused', async () => {
    const { header } = await describeWim(wim);
    const bad = await damagedCopy('blobs.wim', bytes =>
      bytes.writeBigUInt64LE(1n << 50n, header.blobTable.offset + 8),
    );
    await expect(resourceBoundaries(bad)).rejects.toMatchObject({
      code: 'IMAGE-02',
      detail: { part: 'blob table' },
    });
  });

  it('a compressed blob table gives no boundaries', async () => {
    const bad = await damagedCopy('packed.wim', bytes => bytes.writeUInt8(4, 0x37));
    expect(await resourceBoundaries(bad)).toEqual([]);
  });

  it.each([0, 7, 100, 207])('a file of %i bytes is no WIM', async length => {
    const short = folder.join('short.wim');
    await writeFile(short, (await readFile(wim)).subarray(0, length));
    await expect(describeWim(short)).rejects.toMatchObject({ code: 'IMAGE-01' });
  });

  it('a file cut anywhere behind the header is damaged, never misread', async () => {
    const cut = folder.join('cut.wim');
    await writeFile(cut, await readFile(wim));
    for (const share of [0.999, 0.5, 0.01]) {
      await truncate(cut, Math.floor((await stat(wim)).size * share));
      await expect(describeWim(cut)).rejects.toMatchObject({ code: 'IMAGE-02' });
    }
  });

  it('what cannot be opened is USAGE-08', async () => {
    await expect(describeWim(folder.join('absent'))).rejects.toMatchObject({ code: 'USAGE-08' });
    await expect(describeWim(folder.path)).rejects.toMatchObject({ code: 'USAGE-08' });
  });

  it('random bytes in the tables never give anything but a fault or a description', async () => {
    const { header } = await describeWim(wim);
    const bad = folder.join('fuzz.wim');
    await writeFile(bad, await readFile(wim));
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 48271) % 2147483647;
      return seed % below;
    };
    for (let round = 0; round < 200; round += 1) {
      const at = random(2) === 0 ? 8 + random(200) : header.xml.offset + random(header.xml.storedBytes);
      await overwrite(bad, at, Buffer.from([random(256)]));
      const outcome = await describeWim(bad).catch((thrown: { code?: string }) => thrown.code);
      expect(typeof outcome === 'object' || /^IMAGE-0[12]$/.test(outcome ?? '')).toBe(true);
      if (round % 20 === 0) await writeFile(bad, await readFile(wim));
    }
  });
});
