// Revokes keys: makes the site's list, or extends it, and signs it with the root key. What was revoked stays revoked.
import { readCapped } from '../document/read-capped.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import type { Clock } from '../progress/clock.ts';
import { keyIdText, type PublicKey, publicKey, publicKeyText } from '../trust/keys.ts';
import {
  type Revocations,
  type RevokedKey,
  readRevocations,
  revocationsSchema,
  signRevocations,
} from '../trust/revocations.ts';
import { type KeyAccess, loadPrivateKeyFile, PUBLIC_KEY_FILE_MAX_BYTES, publicKeysIn } from './key-files.ts';
import { utcSeconds } from './publish-policy.ts';
import { readList, revocationsFile } from './site-revocations.ts';

export interface RevokeRequest {
  /** Which key: its text, its `.pub` file, or the ID of one whose `.pub` lies in `folder`. */
  readonly key: string;
  /** The private root key's file. */
  readonly root: string;
  /** The key folder, where the list lies. */
  readonly folder: string;
  /** The site code; where there is a list, it must be that list's. */
  readonly site: string;
  readonly reason?: string;
  /** The root key that site.yaml names, where it is at hand: no other one may sign, or everybody would be refused who minds the list. */
  readonly named?: PublicKey;
  /** An earlier root key that may have signed the list so far: while the root key itself is exchanged. */
  readonly formerRoot?: PublicKey;
}

export interface RevokedList {
  readonly file: string;
  readonly list: Revocations;
  readonly added: RevokedKey;
  /** ID of the root key. */
  readonly keyId: string;
}

export interface RevokeWorld extends KeyAccess {
  readonly durable: DurableFiles;
  readonly clock: Clock;
}

/** The list is replaced in one rename. Faults: USAGE-01, USAGE-05 no such key, USAGE-11, USAGE-16, USAGE-17, TRUST-02, -08, -10, -11, DISK-*. */
export async function revokeKey(request: RevokeRequest, world: RevokeWorld): Promise<RevokedList> {
  const { folder, site, reason, named, formerRoot } = request;
  const revoked = await keyToRevoke(request.key, folder);
  const root = await loadPrivateKeyFile(request.root, world);
  if (revoked.text === root.public.text)
    throw new Fault('USAGE-01', request.key, {
      expected: 'another key than the root key: a list that its own signer disowns proves nothing',
      found: 'the root key; to exchange it, pin a new one as rootKeys in agent.yaml, see docs/keys.md',
    });
  // While the root key is exchanged, site.yaml still names the former one.
  if (named !== undefined && ![root.public.text, formerRoot?.text].includes(named.text))
    throw new Fault('USAGE-11', request.root, {
      expected: `the root key that site.yaml names, key ${named.id}; or --former-root with it, while it is exchanged`,
      found: `key ${root.public.id}`,
    });
  const file = revocationsFile(folder);
  const bytes = await readList(file);
  const roots = formerRoot === undefined ? [root.public] : [root.public, formerRoot];
  const before = bytes === undefined ? undefined : readRevocations(bytes, { roots, site, subject: file });
  const already = before?.revoked.find(({ publicKey: text }) => text === revoked.text);
  const now = utcSeconds(world.clock.now());
  const added: RevokedKey = {
    keyId: revoked.id,
    publicKey: revoked.text,
    since: already?.since ?? now,
    ...((reason ?? already?.reason) !== undefined && { reason: reason ?? already?.reason }),
  };
  const others = (before?.revoked ?? []).filter(entry => entry !== already);
  const list = revocationsSchema.safeParse({
    format: 'prestage-revocations/1',
    site,
    serial: (before?.serial ?? 0) + 1,
    created: now,
    revoked: [...others, added],
  });
  if (!list.success)
    throw new Fault('USAGE-01', file, {
      expected: 'at most 256 keys, each with a reason of at most 1024 characters',
    });
  await world.durable.makeFolder(folder);
  await world.durable.replaceFile(file, signRevocations(list.data, root));
  return { file, list: list.data, added, keyId: root.public.id };
}

async function keyToRevoke(key: string, folder: string): Promise<PublicKey> {
  if (publicKeyText.safeParse(key).success) return publicKey(key);
  if (!keyIdText.safeParse(key).success) {
    const bytes = await readCapped(key, PUBLIC_KEY_FILE_MAX_BYTES, {
      unreadable: 'USAGE-08',
      expected: 'a public key',
    });
    if (bytes === undefined)
      throw new Fault('USAGE-05', key, {
        expected: 'a public key, its .pub file, or a key ID of 16 hex digits',
        found: 'neither',
      });
    return publicKey(bytes.toString('utf8').trim());
  }
  const known = await publicKeysIn(folder);
  const found = known.find(({ id }) => id === key);
  if (found === undefined)
    throw new Fault('USAGE-05', key, {
      expected: `the ID of a .pub file in ${folder}, or the public key itself`,
      found: known.length === 0 ? 'no .pub file' : known.map(({ id }) => id),
    });
  return found;
}
