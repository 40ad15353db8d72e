// Units: what packs are made of. A small file is one unit, a large file as many as it has chunks, numbered through all files of a version in the
// order of its manifest. The manifest alone gives the numbers, so that no index is needed to know what a number means.
import type { ChunkIndex } from './chunk-index.ts';
import type { ManifestFile } from './manifest.ts';

/** `file` counts the manifest's files; `chunk` is 0 for a small file. */
export interface UnitPlace {
  readonly file: number;
  readonly chunk: number;
}

export interface UnitNumbers {
  readonly count: number;
  /** The number of the file's first unit; `first(files)` is `count`. */
  first(file: number): number;
  placeOf(unit: number): UnitPlace;
}

/** @returns the numbers of the units of a version, from 0. */
export function unitNumbers({ files }: { readonly files: readonly ManifestFile[] }): UnitNumbers {
  const firsts = new Uint32Array(files.length + 1);
  for (const [at, file] of files.entries()) firsts[at + 1] = firsts[at]! + (file.chunks?.count ?? 1);
  return {
    count: firsts[files.length]!,
    first: file => firsts[file]!,
    placeOf(unit) {
      let low = 0;
      let high = files.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >>> 1;
        if (firsts[middle]! <= unit) low = middle;
        else high = middle - 1;
      }
      return { file: low, chunk: unit - firsts[low]! };
    },
  };
}

/** One unit's bytes in its file. */
export interface UnitBytes {
  readonly offset: number;
  readonly length: number;
  /** Latin-1 text of the 32 bytes: short, and a key of maps. */
  readonly digest: string;
}

/** @returns the bytes of a unit; undefined for a chunk of a file whose index is not at hand. */
export function unitBytes(
  file: ManifestFile,
  chunk: number,
  index: ChunkIndex | undefined,
): UnitBytes | undefined {
  if (file.chunks === undefined) return { offset: 0, length: file.size, digest: digestKey(file.sha256) };
  if (index === undefined) return undefined;
  const { buffer, byteOffset, length } = index.digest(chunk);
  const digest = Buffer.from(buffer, byteOffset, length).toString('latin1');
  return { offset: index.offset(chunk), length: index.length(chunk), digest };
}

function digestKey(hex: string): string {
  return Buffer.from(hex, 'hex').toString('latin1');
}
