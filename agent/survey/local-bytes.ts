// The proven bytes that an item's folders hold, by digest: what need not be fetched wherever it lies.
import type { ManifestFile } from '../content/manifest.ts';
import type { CheckedFile } from './check-files.ts';

export interface LocalBytes {
  /** Takes in what a check proved: whole files, and the good chunks of damaged ones. */
  add(checked: readonly CheckedFile[]): void;
  /** @returns how many bytes of the file lie here; of the bad ranges alone, when it is to be mended in place. */
  heldOf(file: ManifestFile, checked: CheckedFile | undefined, only: 'all' | 'bad-ranges'): number;
}

/** Digests are kept as text of their first 16 bytes: half a million of them fit into some 20 MB, and this is an estimate only. */
const keyOf = (digest: Uint8Array): string =>
  Buffer.from(digest.buffer, digest.byteOffset, 16).toString('latin1');

/** Begins with none; takes in what one item's folders prove. */
export function localBytes(): LocalBytes {
  const files = new Set<string>();
  const chunks = new Set<string>();
  return {
    add(checked) {
      for (const file of checked) {
        if (file.state === 'present') files.add(file.sha256);
        const { index } = file;
        if (index === undefined || file.state === 'missing') continue;
        const bad = new Set(file.badRanges.map(range => range.offset));
        for (let chunk = 0; chunk < index.count; chunk += 1) {
          if (!bad.has(index.offset(chunk))) chunks.add(keyOf(index.digest(chunk)));
        }
      }
    },
    heldOf(file, checked, only) {
      const inPlace = only === 'bad-ranges' && checked?.state !== 'missing';
      if (inPlace && checked?.state === 'present') return 0;
      const index = checked?.index;
      if (files.has(file.sha256)) return inPlace ? badBytesOf(checked) : file.size;
      if (index === undefined) return 0;
      let held = 0;
      const bad = new Set(checked?.badRanges.map(range => range.offset));
      for (let chunk = 0; chunk < index.count; chunk += 1) {
        if (inPlace && !bad.has(index.offset(chunk))) continue;
        if (chunks.has(keyOf(index.digest(chunk)))) held += index.length(chunk);
      }
      return held;
    },
  };
}

/** @returns how many bytes of a file are not right where they should be. */
export function badBytesOf(checked: CheckedFile | undefined): number {
  if (checked === undefined) return 0;
  if (checked.state === 'missing') return checked.sizeBytes;
  return checked.badRanges.reduce((sum, range) => sum + range.length, 0);
}
