// The bytes that lie on the machine, by digest: what need not be fetched wherever it lies. What an item stops holding can be taken out again.
import { type DigestList, digestTable } from '../content/digest-table.ts';
import type { CheckedFile } from './check-files.ts';

export interface LocalBytes {
  add(lists: readonly DigestList[]): void;
  remove(lists: readonly DigestList[]): void;
  /**
   * @returns how many bytes of the file need not be fetched, because they lie here or are among `brought`; of the bad ranges alone, when it is to be
   * mended in place. Chunks that must be fetched join `brought`: what comes after them can be copied from them.
   */
  heldOf(file: CheckedFile, only: 'all' | 'bad-ranges', brought: Set<string>): number;
}

/** Enough of a digest for an estimate. */
const KEY_BYTES = 16;

/** Begins with none. */
export function localBytes(): LocalBytes {
  const table = digestTable();
  const isHeld = (digest: Uint8Array): boolean => table.find(digest).next().done !== true;
  return {
    add(lists) {
      for (const list of lists) table.add(list);
    },
    remove(lists) {
      for (const list of lists) table.remove(list);
    },
    heldOf(file, only, brought) {
      const inPlace = only === 'bad-ranges' && file.state !== 'missing';
      if (inPlace && file.state === 'present') return 0;
      if (isHeld(Buffer.from(file.sha256, 'hex'))) return inPlace ? badBytesOf(file) : file.sizeBytes;
      const { index } = file;
      if (index === undefined) return 0;
      let held = 0;
      const bad = new Set(file.badRanges.map(range => range.offset));
      for (let chunk = 0; chunk < index.count; chunk += 1) {
        if (inPlace && !bad.has(index.offset(chunk))) continue;
        const digest = index.digest(chunk);
        const key = Buffer.from(digest).toString('latin1', 0, KEY_BYTES);
        if (isHeld(digest) || brought.has(key)) held += index.length(chunk);
        else brought.add(key);
      }
      return held;
    },
  };
}

/** @returns the digests of what a check proved: whole files, and the good chunks of damaged ones. */
export function heldIn(checked: readonly CheckedFile[]): readonly DigestList[] {
  const lists: DigestList[] = [wholeFiles(checked.filter(file => file.state === 'present'))];
  for (const file of checked)
    if (file.index !== undefined && file.state !== 'missing') lists.push(goodChunks(file, file.index));
  return lists;
}

function wholeFiles(files: readonly CheckedFile[]): DigestList {
  const digests = Buffer.alloc(files.length * 32);
  for (const [n, file] of files.entries()) digests.write(file.sha256, n * 32, 'hex');
  return { count: files.length, digest: n => digests.subarray(n * 32, n * 32 + 32) };
}

function goodChunks({ badRanges }: CheckedFile, index: NonNullable<CheckedFile['index']>): DigestList {
  if (badRanges.length === 0) return index;
  const bad = new Set(badRanges.map(range => range.offset));
  const good = Uint32Array.from(
    Array.from({ length: index.count }, (_, chunk) => chunk).filter(chunk => !bad.has(index.offset(chunk))),
  );
  return { count: good.length, digest: n => index.digest(good[n] ?? 0) };
}

/** @returns how many bytes of a file are not right where they should be. */
export function badBytesOf(checked: CheckedFile): number {
  if (checked.state === 'missing') return checked.sizeBytes;
  return checked.badRanges.reduce((sum, range) => sum + range.length, 0);
}
