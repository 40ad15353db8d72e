// Bytes from a management or distribution point to a policy that may be followed.
import { decodeJson, refuseOversize } from '../document/decode-json.ts';
import { Fault } from '../fault/fault.ts';
import type { PublicKey } from '../trust/keys.ts';
import { verifyDetached } from '../trust/signature.ts';
import { type BoundedTime, boundedTime, checkPolicyExpiry } from '../trust/validity.ts';
import { POLICY_MAX_BYTES, type Policy, policySchema } from './policy.ts';

/** What the verified media says of the policy that it will accept. */
export interface PolicyExpectation {
  readonly keys: readonly PublicKey[];
  readonly site: string;
  /** The lowest serial number that is not a replay. */
  readonly floor: number;
  /** The machine's clock. */
  readonly clock: Date;
  /** Creation times of documents verified before (the media manifest's): the clock is not believed below them. */
  readonly provenTimes: readonly string[];
}

export interface VerifiedPolicy {
  readonly policy: Policy;
  readonly key: PublicKey;
  readonly time: BoundedTime;
}

/** Pure. Faults, in this order: TRUST-08, TRUST-01, TRUST-02, TRUST-10, TRUST-11 another site, TRUST-06 below the floor, TRUST-05 expired. */
export function verifyPolicy(
  bytes: Uint8Array,
  signature: Uint8Array | undefined,
  expectation: PolicyExpectation,
): VerifiedPolicy {
  const document = { name: 'policy.json', maxBytes: POLICY_MAX_BYTES };
  refuseOversize(bytes, document);
  const key = verifyDetached({
    domain: 'policy',
    subject: document.name,
    bytes,
    signature,
    keys: expectation.keys,
  });
  const policy = decodeJson(bytes, policySchema, document);
  if (policy.site !== expectation.site)
    throw new Fault('TRUST-11', document.name, { expected: expectation.site, found: policy.site });
  if (policy.serial < expectation.floor) {
    throw new Fault('TRUST-06', document.name, {
      expected: `serial ${expectation.floor} or higher`,
      found: policy.serial,
    });
  }
  const time = boundedTime(expectation.clock, [...expectation.provenTimes, policy.created]);
  checkPolicyExpiry(document.name, policy.expires, time);
  return { policy, key, time };
}
