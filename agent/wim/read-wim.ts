// Reads what a WIM says of itself, without a library: header, images, integrity, resource boundaries.
import { type FileHandle, open } from 'node:fs/promises';
import { Fault } from '../fault/fault.ts';
import { decodeHeader, HEADER_LENGTH_BYTES, type WimHeader } from './header.ts';
import { decodeImages, type WimImage, XML_MAX_BYTES } from './images.ts';
import { type BadRange, checkIntegrityTable, readAt, readIntegrityTable } from './integrity-table.ts';
import { readResourceBoundaries } from './resource-boundaries.ts';

export interface WimDescription {
  readonly header: WimHeader;
  readonly images: readonly WimImage[];
  readonly fileBytes: number;
}

/** @returns header and images. @throws Fault USAGE-08 not readable, IMAGE-01 no WIM, IMAGE-02 damaged. */
export async function describeWim(path: string): Promise<WimDescription> {
  return withWim(path, async (file, header, fileBytes) => {
    const { offset, storedBytes, compressed } = header.xml;
    if (compressed || storedBytes > XML_MAX_BYTES) {
      throw new Fault('IMAGE-02', path, {
        part: 'XML',
        expected: `at most ${XML_MAX_BYTES} bytes, uncompressed`,
        found: storedBytes,
      });
    }
    const xml = await readAt(file, offset, storedBytes, path);
    return { header, images: decodeImages(xml, header.imageCount, path), fileBytes };
  });
}

/** File offsets where resources of at least 64 KiB begin and end, sorted; empty where the WIM does not tell. Faults as describeWim. */
export async function resourceBoundaries(path: string): Promise<readonly number[]> {
  return withWim(path, (file, header, fileBytes) => readResourceBoundaries(file, header, fileBytes, path));
}

/** What the WIM's own integrity table says: `absent`, or the ranges that fail it (none: all good). Faults as describeWim, STOP-01. */
export async function checkIntegrity(
  path: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<
  { readonly table: 'absent' } | { readonly table: 'present'; readonly badRanges: readonly BadRange[] }
> {
  return withWim(path, async (file, header) => {
    const table = await readIntegrityTable(file, header, path);
    if (!table) return { table: 'absent' };
    return { table: 'present', badRanges: await checkIntegrityTable(file, table, path, options) };
  });
}

/** @returns image `index` of the WIM. @throws Fault IMAGE-03 when there is no such image; else as describeWim. */
export function imageOf(wim: WimDescription, index: number, path: string): WimImage {
  const image = wim.images[index - 1];
  if (!image) throw new Fault('IMAGE-03', path, { expected: `1 to ${wim.images.length}`, found: index });
  return image;
}

async function withWim<Result>(
  path: string,
  use: (file: FileHandle, header: WimHeader, fileBytes: number) => Promise<Result>,
): Promise<Result> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    throw new Fault(
      'USAGE-08',
      path,
      { native: cause instanceof Error ? cause.message : undefined },
      { cause },
    );
  }
  try {
    const stats = await file.stat();
    if (!stats.isFile())
      throw new Fault('USAGE-08', path, {
        expected: 'a file',
        found: stats.isDirectory() ? 'a folder' : 'something else',
      });
    const start = await readAt(file, 0, Math.min(HEADER_LENGTH_BYTES, stats.size), path);
    return await use(file, decodeHeader(start, stats.size, path), stats.size);
  } finally {
    await file.close();
  }
}
