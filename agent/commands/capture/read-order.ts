// The capture order that an admin gave along, proven by keys that this computer was told before: agent.yaml beside the executable, or --key.
import path from 'node:path';
import { type HttpAccess, PLAIN_ACCESS } from '../../distribution/http/access.ts';
import { defaultTransferSettings, type TransferSettings } from '../../distribution/transfer-settings.ts';
import { decodeJson } from '../../document/decode-json.ts';
import { readCapped } from '../../document/read-capped.ts';
import { Fault } from '../../fault/fault.ts';
import {
  CAPTURE_ORDER_MAX_BYTES,
  type CaptureOrder,
  captureOrderSchema,
  readCaptureOrder,
} from '../../policy/capture-order.ts';
import type { PublicKey } from '../../trust/keys.ts';
import { REVOCATIONS_MAX_BYTES, readRevocations, requireUnrevoked } from '../../trust/revocations.ts';
import { SIGNATURE_MAX_BYTES } from '../../trust/signature.ts';
import type { Composition } from '../composition.ts';
import { type AgentSettings, readAgentSettings, takeHttpSettings } from '../deployment/agent-settings.ts';
import { readPublicKey } from '../media/pinned-keys.ts';

export interface OrderOptions {
  readonly order: string;
  readonly key?: readonly string[];
  readonly config?: string;
}

export interface GivenOrder {
  readonly order: CaptureOrder;
  readonly transfer: TransferSettings;
  readonly http: HttpAccess;
}

type OrderWorld = Pick<Composition, 'agent' | 'clock' | 'learnSecret' | 'accounts' | 'observe'>;

/** Faults: USAGE-01 no key to prove it by, USAGE-11 what is named is none, USAGE-08 no order, TRUST-01, -02, -05, -08, -10. */
export async function readOrder(
  { order: file, key, config }: OrderOptions,
  world: OrderWorld,
): Promise<GivenOrder> {
  const named = await Promise.all((key ?? []).map(readPublicKey));
  const settings = await settingsOf(config, world.agent.folder, named);
  if (settings !== undefined) takeHttpSettings(settings, world, world.observe);
  const keys = [...named, ...(settings?.policyKeys ?? [])];
  if (keys.length === 0)
    throw new Fault('USAGE-01', 'prestage capture', {
      expected: '--key, or policyKeys in agent.yaml: the key of the site’s policy, to prove the order by',
      found: 'neither',
    });
  const bytes = await readCapped(file, CAPTURE_ORDER_MAX_BYTES);
  if (bytes === undefined)
    throw new Fault('USAGE-08', file, { expected: 'a capture order', found: 'no file' });
  const signature = await readCapped(`${file}.sig`, SIGNATURE_MAX_BYTES);
  const judge = settings === undefined ? undefined : await orderJudge(bytes, settings, path.basename(file));
  const order = readCaptureOrder(bytes, signature, {
    keys,
    ...(judge && { judge }),
    clock: world.clock.now(),
    subject: path.basename(file),
  });
  return {
    order,
    transfer: settings?.transfer ?? defaultTransferSettings,
    http: settings?.http ?? PLAIN_ACCESS,
  };
}

/**
 * Where agent.yaml pins a root key, the list beside it is minded: no server that an order names would tell of a revoked key.
 * Faults of what it answers: TRUST-13; those of readRevocations for a list that cannot be believed: the admin laid it there.
 */
async function orderJudge(
  order: Uint8Array,
  { rootKeys, revocations }: AgentSettings,
  subject: string,
): Promise<((key: PublicKey) => void) | undefined> {
  if (rootKeys.length === 0) return undefined;
  const list = await readCapped(revocations, REVOCATIONS_MAX_BYTES);
  if (list === undefined) return undefined;
  return key => {
    // The key vouches for these bytes by now, so that the site they name is the site of the key.
    const { site } = decodeJson(order, captureOrderSchema, {
      name: subject,
      maxBytes: CAPTURE_ORDER_MAX_BYTES,
    });
    requireUnrevoked(subject, key, readRevocations(list, { roots: rootKeys, site, subject: revocations }));
  };
}

/** With --key an agent.yaml need not be there; one that is named or there must be right. */
async function settingsOf(config: string | undefined, folder: string, named: readonly PublicKey[]) {
  try {
    return await readAgentSettings(config, folder);
  } catch (error) {
    const absent = error instanceof Fault && error.code === 'USAGE-08';
    if (absent && config === undefined && named.length > 0) return undefined;
    if (absent && config === undefined)
      throw new Fault(
        'USAGE-01',
        'prestage capture',
        {
          expected:
            '--key, or an agent.yaml with policyKeys beside the executable: the key of the site’s policy, to prove the order by',
          found: 'neither',
        },
        { cause: error },
      );
    throw error;
  }
}
