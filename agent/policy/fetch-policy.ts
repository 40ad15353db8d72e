// Reads the policy that a distribution point offers now: the pointer first, then one immutable folder, so that policy and signature always match.
import { z } from 'zod';
import { onDistributionPoint } from '../content/layout.ts';
import type { Source } from '../distribution/source.ts';
import { decodeJson } from '../document/decode-json.ts';
import { asFault, Fault } from '../fault/fault.ts';
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

/** Faults: NET-07 no pointer where it should be, NET-* and CONTENT-08 of the source, TRUST-08 policy or signature larger than its cap. */
export async function fetchPolicy(source: Source, signal?: AbortSignal): Promise<ServedPolicy> {
  const read = (path: string, maxBytes: number) =>
    source.readDocument(path, { maxBytes, ...(signal && { signal }) });
  const serial = await currentSerial(source.name, read);
  const bytes = await read(onDistributionPoint.policy(serial), POLICY_MAX_BYTES);
  const signature = await read(onDistributionPoint.policySignature(serial), SIGNATURE_MAX_BYTES).catch(
    thrown => {
      if (asFault(thrown).code === 'NET-02') return undefined;
      throw thrown;
    },
  );
  return { bytes, signature };
}

// Nobody signs the pointer, so what is none says nothing about trust: the server, or a proxy before it, gave something else.
async function currentSerial(
  server: string,
  read: (path: string, maxBytes: number) => Promise<Uint8Array>,
): Promise<number> {
  const pointer = { name: onDistributionPoint.policyPointer, maxBytes: POINTER_MAX_BYTES } as const;
  try {
    const bytes = await read(pointer.name, pointer.maxBytes);
    return decodeJson(bytes, policyPointerSchema, pointer).serial;
  } catch (thrown) {
    const { code, detail, cause } = asFault(thrown);
    if (code !== 'TRUST-08' && code !== 'TRUST-10') throw thrown;
    throw new Fault('NET-07', pointer.name, { source: server, ...detail }, { cause });
  }
}
