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
import { isOurOwn } from '../source-failure.ts';

export interface ReadPackIndex extends PackIndex {
  /** As it crossed the wire. */
  readonly encoded: Uint8Array;
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
  return { ...decodePackIndex(bytes, expected), encoded: bytes };
}

/**
 * Whether a source has the very same pack, as its index tells. False for whatever else it answers: another source serves already.
 * @param received told how many bytes crossed the wire. Throws what no source can help: STOP-01, BUG-01.
 */
export async function hasSamePack(
  source: Source,
  pack: string,
  encoded: Uint8Array,
  { received, signal }: { readonly received: (bytes: number) => void; readonly signal?: AbortSignal },
): Promise<boolean> {
  try {
    const path = onDistributionPoint.packIndex(pack);
    const found = await source.readDocument(path, {
      maxBytes: encoded.length,
      ...(signal ? { signal } : {}),
    });
    received(found.length);
    return Buffer.compare(found, encoded) === 0;
  } catch (thrown) {
    if (!(thrown instanceof Fault) || isOurOwn(thrown)) throw thrown;
    return false;
  }
}
