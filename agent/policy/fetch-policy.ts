// Reads the policy that a distribution point offers now: the pointer first, then one immutable folder, so that policy and signature always match.
import { z } from 'zod';
import { onDistributionPoint } from '../content/layout.ts';
import type { Source } from '../distribution/source.ts';
import { decodeJson } from '../document/decode-json.ts';
import { asFault } from '../fault/fault.ts';
import { SIGNATURE_MAX_BYTES } from '../trust/signature.ts';
import { POLICY_MAX_BYTES } from './policy.ts';

/** Cap on the pointer, before it is parsed. */
export const POINTER_MAX_BYTES = 4096;

/** `policy/current.json`: which policy is current. Unsigned: it can only lead to a signed policy, and the floor refuses an old one. */
export const policyPointerSchema = z.strictObject({
  format: z.literal('prestage-policy-pointer/1'),
  serial: z.int().min(1),
});

/** A policy as served; nothing of it is verified yet. */
export interface ServedPolicy {
  readonly bytes: Uint8Array;
  /** undefined when the source has none, which verification refuses as TRUST-01. */
  readonly signature: Uint8Array | undefined;
}

/** Faults: TRUST-08 and TRUST-10 for the pointer, NET-* and CONTENT-08 of the source. */
export async function fetchPolicy(source: Source, signal?: AbortSignal): Promise<ServedPolicy> {
  const read = (path: string, maxBytes: number) =>
    source.readDocument(path, { maxBytes, ...(signal && { signal }) });
  const pointerBytes = await read(onDistributionPoint.policyPointer, POINTER_MAX_BYTES);
  const pointer = decodeJson(pointerBytes, policyPointerSchema, {
    name: onDistributionPoint.policyPointer,
    maxBytes: POINTER_MAX_BYTES,
  });
  const bytes = await read(onDistributionPoint.policy(pointer.serial), POLICY_MAX_BYTES);
  const signature = await read(
    onDistributionPoint.policySignature(pointer.serial),
    SIGNATURE_MAX_BYTES,
  ).catch(thrown => {
    if (asFault(thrown).code === 'NET-02') return undefined;
    throw thrown;
  });
  return { bytes, signature };
}
