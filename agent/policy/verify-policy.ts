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
  const { policy, key } = readSigned(bytes, signature, expectation);
  if (policy.serial < expectation.floor) {
    throw new Fault('TRUST-06', DOCUMENT.name, {
      expected: `serial ${expectation.floor} or higher`,
      found: policy.serial,
    });
  }
  const time = boundedTime(expectation.clock, [...expectation.provenTimes, policy.created]);
  checkPolicyExpiry(DOCUMENT.name, policy.expires, time);
  return { policy, key, time };
}

/**
 * As `verifyPolicy`, without judging age: for a policy that was accepted before. Faults, in this order: TRUST-08, TRUST-01, TRUST-02, TRUST-10,
 * TRUST-11.
 */
export function readSignedPolicy(
  bytes: Uint8Array,
  signature: Uint8Array | undefined,
  expectation: Pick<PolicyExpectation, 'keys' | 'site'>,
): Policy {
  return readSigned(bytes, signature, expectation).policy;
}

const DOCUMENT = { name: 'policy.json', maxBytes: POLICY_MAX_BYTES } as const;

/** The policy key was exchanged, and this media was made before it named the new one. */
const OTHERWISE =
  'publish with a key that this media names, or make new media; keys.alsoPolicy in site.yaml names the next key in time (docs/keys.md)';

function readSigned(
  bytes: Uint8Array,
  signature: Uint8Array | undefined,
  { keys, site }: Pick<PolicyExpectation, 'keys' | 'site'>,
): Omit<VerifiedPolicy, 'time'> {
  refuseOversize(bytes, DOCUMENT);
  const key = verifyDetached({
    domain: 'policy',
    subject: DOCUMENT.name,
    bytes,
    signature,
    keys,
    otherwise: OTHERWISE,
  });
  const policy = decodeJson(bytes, policySchema, DOCUMENT);
  if (policy.site !== site)
    throw new Fault('TRUST-11', DOCUMENT.name, { expected: site, found: policy.site });
  return { policy, key };
}
