// Whose distribution point a folder is: publishing into that of another site would take it away from the computers that believe that site.
import { z } from 'zod';
import { onDistributionPoint } from '../content/layout.ts';
import { readCapped } from '../document/read-capped.ts';
import { Fault } from '../fault/fault.ts';
import { POINTER_MAX_BYTES, policyPointerSchema } from '../policy/fetch-policy.ts';
import { POLICY_MAX_BYTES } from '../policy/policy.ts';
import type { PublicKey } from '../trust/keys.ts';
import { SIGNATURE_MAX_BYTES, signatureSchema } from '../trust/signature.ts';
import { onPoint } from './published-content.ts';
import type { Site } from './read-site.ts';

const namesSite = z.object({ site: z.string(), created: z.iso.datetime().optional().catch(undefined) });

/**
 * By what the current policy says of itself: this is against mistakes, not against attacks. What is absent or damaged belongs to nobody else and
 * is made whole by publishing. @returns when that policy says that it was made, where it does. Fault: USAGE-18.
 */
export async function requireOwnPoint(
  point: string,
  { site }: Pick<Site, 'site'>,
  keys: readonly PublicKey[],
): Promise<string | undefined> {
  const json = (relative: string, maxBytes: number) => readJson(onPoint(point, relative), maxBytes);
  const pointer = policyPointerSchema.safeParse(
    await json(onDistributionPoint.policyPointer, POINTER_MAX_BYTES),
  );
  if (!pointer.success) return undefined;
  const { serial } = pointer.data;
  const policy = namesSite.safeParse(await json(onDistributionPoint.policy(serial), POLICY_MAX_BYTES));
  if (policy.success && policy.data.site !== site)
    throw new Fault('USAGE-18', point, { expected: `site ${site}`, found: `site ${policy.data.site}` });
  const signature = signatureSchema.safeParse(
    await json(onDistributionPoint.policySignature(serial), SIGNATURE_MAX_BYTES),
  );
  const created = policy.data?.created;
  if (!signature.success) return created;
  const own = [...new Set(keys.map(({ id }) => id))];
  if (!own.includes(signature.data.keyId))
    throw new Fault('USAGE-18', point, {
      expected: `policy signed by a key of this site: ${own.join(', ')}`,
      found: `signed by key ${signature.data.keyId}`,
    });
  return created;
}

async function readJson(file: string, maxBytes: number): Promise<unknown> {
  try {
    return JSON.parse((await readCapped(file, maxBytes))?.toString('utf8') ?? '');
  } catch {
    // Absent, too large or damaged: nothing that another site could be using.
    return undefined;
  }
}
