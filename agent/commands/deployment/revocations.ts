// Revoked keys at the computer: the lists that lie on the media and beside agent.yaml are minded before anything the media says, the one that servers
// have before anything is changed outside _SMSTaskSequence. The newest is kept on the volume, so that no later run can be shown an older one.
import path from 'node:path';
import { type CacheLayout, onDistributionPoint } from '../../content/layout.ts';
import type { Source } from '../../distribution/source.ts';
import { readCapped } from '../../document/read-capped.ts';
import { asFault, Fault } from '../../fault/fault.ts';
import { faultLine } from '../../fault/fault-line.ts';
import type { Journal } from '../../journal/journal.ts';
import type { JudgedReceipt } from '../../media/judge-receipt.ts';
import type { MediaManifest } from '../../media/media-manifest.ts';
import type { Observe } from '../../progress/event.ts';
import { type PublicKey, publicKey } from '../../trust/keys.ts';
import { KnownRevocations } from '../../trust/known-revocations.ts';
import { REVOCATIONS_MAX_BYTES } from '../../trust/revocations.ts';
import type { Composition } from '../composition.ts';
import type { AgentSettings } from './agent-settings.ts';

export interface OwnLists {
  readonly settings: Pick<AgentSettings, 'rootKeys' | 'revocations'>;
  readonly manifest: MediaManifest;
  readonly layout: CacheLayout;
  /** The key that signed the media. */
  readonly key: PublicKey;
  /** False after the hand-over: what was begun in time may be finished late. */
  readonly judge: boolean;
  readonly observe: Observe;
}

/**
 * The lists that need no server, and the media judged by them. A list that cannot be believed is told and not followed; but media that were made with a
 * list must have that one or a newer one, or whoever takes it away could make a stolen key good again.
 * Faults: TRUST-13 the media's key is revoked; TRUST-01 its list is gone, TRUST-06 it is an older one, or why it is not believed.
 */
export async function openRevocations(own: OwnLists): Promise<KnownRevocations> {
  const { settings, manifest, layout, key, judge, observe } = own;
  const known = new KnownRevocations(settings.rootKeys, manifest.site);
  if (!known.canBelieve) {
    if (manifest.revocationFloor > 0)
      note(
        observe,
        'info',
        'This media has a list of revoked keys; agent.yaml pins no root key, so it is not minded.',
      );
    return known;
  }
  let doubt: Fault | undefined;
  for (const file of [settings.revocations, layout.acceptedRevocations, layout.revocations]) {
    try {
      const bytes = await readCapped(file, REVOCATIONS_MAX_BYTES);
      if (bytes !== undefined) known.offer(bytes, file);
    } catch (thrown) {
      doubt = asFault(thrown);
      if (doubt.code === 'BUG-01') throw doubt;
      note(observe, 'warning', `The list of revoked keys in ${file} is not followed: ${doubt.message}`);
    }
  }
  if (!judge) return known;
  if (known.serial < manifest.revocationFloor) throw doubt ?? belowFloor(known, own);
  known.requireUnrevoked('media.json', key);
  return known;
}

function belowFloor({ serial }: KnownRevocations, { manifest, layout }: OwnLists): Fault {
  return new Fault(serial === 0 ? 'TRUST-01' : 'TRUST-06', layout.revocations, {
    expected: `a list of revoked keys, serial ${manifest.revocationFloor} or higher, with which this media was made`,
    found: serial === 0 ? 'none' : serial,
  });
}

/** How long servers are waited for that do not answer; policy and content are asked for with more patience. */
const PATIENCE_MS = 10_000;

export interface FetchRevocations {
  readonly revocations: KnownRevocations;
  readonly managementPoints: readonly Source[];
  readonly sources: readonly Source[];
  readonly manifest: MediaManifest;
  readonly layout: CacheLayout;
  readonly key: PublicKey;
  readonly receipt?: JudgedReceipt;
  readonly composition: Pick<Composition, 'durable' | 'signal'>;
  /** Where there is one the disk may be written to. */
  readonly journal?: Pick<Journal, 'append'>;
  readonly observe: Observe;
}

/**
 * Asks every server that the media names, all at once: one that withholds the list cannot hide it where another has it. A newer list is kept, then
 * media and receipt are judged by it. @returns whether any server was reached. Faults: TRUST-13, DISK-*, STOP-01.
 */
export async function fetchRevocations(context: FetchRevocations): Promise<boolean> {
  const { revocations, composition, layout, journal, observe } = context;
  if (!revocations.canBelieve) return false;
  const { signal, durable } = composition;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  const points = [...context.managementPoints, ...context.sources];
  const once = [...new Map(points.map(point => [point.name.replace(/\/+$/, ''), point])).values()];
  const answers = await Promise.all(once.map(point => askOne(point, limit)));
  if (signal.aborted) throw new Fault('STOP-01', 'revoked keys', {}, { cause: signal.reason });
  for (const { point, bytes } of answers) {
    if (bytes === undefined) continue;
    try {
      if (!revocations.offer(bytes, `${point} ${onDistributionPoint.revocations}`)) continue;
    } catch (thrown) {
      const fault = asFault(thrown);
      if (fault.code === 'BUG-01') throw fault;
      note(observe, 'warning', `The list of revoked keys at ${point} is not followed: ${faultLine(fault)}`);
      continue;
    }
    note(observe, 'info', `List ${revocations.serial} of revoked keys comes from ${point}.`);
    if (journal === undefined) continue;
    await durable.makeFolder(path.dirname(layout.acceptedRevocations));
    await durable.replaceFile(layout.acceptedRevocations, bytes);
  }
  revocations.requireUnrevoked('media.json', context.key);
  await judgeReceiptKey(context);
  return answers.some(({ reached }) => reached);
}

interface Answer {
  readonly point: string;
  readonly reached: boolean;
  readonly bytes?: Uint8Array;
}

/** A server without a list is reached; one that does not answer is left to the policy that comes from it, or does not. */
async function askOne(point: Source, signal: AbortSignal): Promise<Answer> {
  try {
    const bytes = await point.readDocument(onDistributionPoint.revocations, {
      maxBytes: REVOCATIONS_MAX_BYTES,
      signal,
    });
    return { point: point.name, reached: true, bytes };
  } catch (thrown) {
    const { code } = asFault(thrown);
    return { point: point.name, reached: code === 'NET-02' || code.startsWith('TRUST-') };
  }
}

/**
 * A depot whose key was revoked since vouches for nothing, and the report says so. Fault: TRUST-13 where the media demands a receipt; else a warning.
 */
async function judgeReceiptKey(context: FetchRevocations): Promise<void> {
  const { revocations, manifest, receipt, journal, observe } = context;
  if (receipt?.outcome !== 'vouched') return;
  const depot = manifest.depotKeys.map(publicKey).find(({ id }) => id === receipt.keyId);
  if (depot === undefined || !revocations.isRevoked(depot)) return;
  const why = `depot key ${depot.id}, which signed it, is revoked`;
  await journal?.append({ type: 'receipt-judged', outcome: 'not-believed', why });
  if (manifest.receipt === 'required') revocations.requireUnrevoked('receipt.json', depot);
  else
    note(observe, 'warning', `The receipt is by depot key ${depot.id}, which is revoked: it proves nothing.`);
}

function note(observe: Observe, level: 'info' | 'warning', text: string): void {
  observe({ kind: 'note', level, component: 'revoked-keys', text });
}
