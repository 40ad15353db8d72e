// Gets the policy from the first management point that serves one which may be followed, or from the media where that is allowed.
import { createHash } from 'node:crypto';
import type { CacheLayout } from '../../content/layout.ts';
import type { Source } from '../../distribution/source.ts';
import { readCapped } from '../../document/read-capped.ts';
import { asFault, Fault } from '../../fault/fault.ts';
import { faultLine } from '../../fault/fault-line.ts';
import type { MediaManifest } from '../../media/media-manifest.ts';
import { fetchPolicy } from '../../policy/fetch-policy.ts';
import { POLICY_MAX_BYTES, type Policy } from '../../policy/policy.ts';
import { verifyPolicy } from '../../policy/verify-policy.ts';
import type { Observe } from '../../progress/event.ts';
import { publicKey } from '../../trust/keys.ts';
import type { KnownRevocations } from '../../trust/known-revocations.ts';
import { SIGNATURE_MAX_BYTES } from '../../trust/signature.ts';
import type { BoundedTime } from '../../trust/validity.ts';

export interface ObtainedPolicy {
  readonly policy: Policy;
  /** SHA-256 of the policy's bytes. */
  readonly digest: string;
  /** Name of the management point, or `media`. */
  readonly from: string;
  /** As signed, to be kept for the new Windows. */
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
  /** The time that its dates were judged by. */
  readonly time: BoundedTime;
  /** The time that the management point told; nobody vouches for it. */
  readonly serverDate?: Date;
}

export interface ObtainPolicyOptions {
  readonly media: MediaManifest;
  readonly layout: CacheLayout;
  readonly managementPoints: readonly Source[];
  /** Highest serial that this media has accepted before. */
  readonly acceptedSerial: number;
  readonly clock: Date;
  readonly revocations: Pick<KnownRevocations, 'requireUnrevoked'>;
  readonly observe: Observe;
  readonly signal?: AbortSignal;
}

/**
 * Management points are asked in the media's order. One that serves something untrusted is passed over with a warning, never followed.
 * Faults: the first TRUST-* where any point served something untrusted and none served well, else the last NET-*; TRUST-* of the cached policy offline; STOP-01.
 */
export async function obtainPolicy(options: ObtainPolicyOptions): Promise<ObtainedPolicy> {
  const { managementPoints, observe, media, layout } = options;
  const faults: Fault[] = [];
  for (const point of managementPoints) {
    try {
      return await policyFrom(point, options);
    } catch (thrown) {
      const fault = asFault(thrown);
      if (fault.code === 'STOP-01' || fault.code === 'BUG-01') throw fault;
      observe({
        kind: 'note',
        level: 'warning',
        component: 'policy',
        text: `${point.name}: ${faultLine(fault)}`,
      });
      faults.push(fault);
    }
  }
  const untrusted = faults.find(fault => fault.code.startsWith('TRUST'));
  if (untrusted !== undefined) throw untrusted;
  if (media.allowOffline) {
    const kept = await keptPolicy(layout);
    if (kept !== undefined) {
      observe({
        kind: 'note',
        level: 'warning',
        component: 'policy',
        text: 'No management point gave a policy; following the one on the media.',
      });
      return accept(kept.bytes, kept.signature, 'media', options);
    }
  }
  throw faults.at(-1) ?? new Fault('NET-01', media.name, { found: 'the media names no management point' });
}

/** What one management point serves. Faults: TRUST-*, NET-*, CONTENT-08, STOP-01. */
export async function policyFrom(
  point: Source,
  options: Omit<ObtainPolicyOptions, 'managementPoints'>,
): Promise<ObtainedPolicy> {
  const { bytes, signature } = await fetchPolicy(point, options.signal);
  const serverDate = point.lastDate?.();
  try {
    return { ...accept(bytes, signature, point.name, options), ...(serverDate && { serverDate }) };
  } catch (thrown) {
    const fault = asFault(thrown);
    if (fault.code !== 'TRUST-05' || serverDate === undefined) throw fault;
    // It excuses nothing, but whoever stands at the machine sees which of the two is wrong.
    const detail = { ...fault.detail, managementPoint: `${point.name} says ${serverDate.toISOString()}` };
    throw new Fault('TRUST-05', fault.subject, detail, { cause: fault.cause });
  }
}

function accept(
  bytes: Uint8Array,
  signature: Uint8Array | undefined,
  from: string,
  { media, acceptedSerial, clock, revocations }: Omit<ObtainPolicyOptions, 'managementPoints'>,
): ObtainedPolicy {
  const { policy, key, time } = verifyPolicy(bytes, signature, {
    keys: media.policyKeys.map(publicKey),
    site: media.site,
    floor: Math.max(media.policyFloor, acceptedSerial),
    clock,
    provenTimes: [media.created],
  });
  revocations.requireUnrevoked('policy.json', key);
  // Verified, so there is one.
  const proof = signature ?? new Uint8Array();
  const digest = createHash('sha256').update(bytes).digest('hex');
  return { policy, digest, from, bytes, signature: proof, time };
}

// What an earlier run accepted is never older than what the media was made with.
async function keptPolicy(
  layout: CacheLayout,
): Promise<{ readonly bytes: Uint8Array; readonly signature: Uint8Array | undefined } | undefined> {
  for (const [file, signatureFile] of [
    [layout.acceptedPolicy, layout.acceptedPolicySignature],
    [layout.policy, layout.policySignature],
  ] as const) {
    const bytes = await readCapped(file, POLICY_MAX_BYTES);
    const signature = await readCapped(signatureFile, SIGNATURE_MAX_BYTES);
    if (bytes !== undefined && signature !== undefined) return { bytes, signature };
  }
  return undefined;
}
