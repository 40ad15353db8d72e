// The index of one pack at one source, held against the manifest.
import { onDistributionPoint } from '../../content/layout.ts';
import {
  decodePackIndex,
  type ExpectedPack,
  maxPackIndexBytes,
  type PackIndex,
} from '../../content/pack-index.ts';
import { Fault } from '../../fault/fault.ts';
import type { Source } from '../source.ts';

export interface ReadPackIndex extends PackIndex {
  /** How many bytes of index crossed the wire. */
  readonly indexBytes: number;
}

/**
 * @param pack its path at the source; `expected.subject` is what people are told.
 * @returns undefined when the source has none. Faults: TRUST-08 longer than it could be, TRUST-17 it contradicts the manifest, NET-*, CONTENT-08, STOP-01.
 */
export async function readPackIndex(
  source: Source,
  pack: string,
  expected: ExpectedPack,
  signal?: AbortSignal,
): Promise<ReadPackIndex | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await source.readDocument(onDistributionPoint.packIndex(pack), {
      maxBytes: maxPackIndexBytes(expected.units),
      ...(signal ? { signal } : {}),
    });
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'NET-02') return undefined;
    throw thrown;
  }
  return { ...decodePackIndex(bytes, expected), indexBytes: bytes.length };
}
