// The site's own list of revoked keys: read from the key folder, minded before anything is signed, and laid onto distribution points.
import path from 'node:path';
import { onDistributionPoint } from '../content/layout.ts';
import { readCapped } from '../document/read-capped.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { asFault, Fault } from '../fault/fault.ts';
import type { PrivateKey } from '../trust/keys.ts';
import {
  REVOCATIONS_MAX_BYTES,
  type Revocations,
  readRevocations,
  requireUnrevoked,
} from '../trust/revocations.ts';
import { type KeyAccess, loadPrivateKey, loadPublicKey } from './key-files.ts';
import { onPoint } from './published-content.ts';
import type { Site } from './read-site.ts';

export interface SiteRevocations {
  readonly list: Revocations;
  /** The signed file. */
  readonly bytes: Uint8Array;
}

/** What of a site this is about. */
export type KeySite = Pick<Site, 'site' | 'keys'>;

/** @returns where the list of a key folder lies. */
export function revocationsFile(folder: string): string {
  return path.join(folder, 'revocations.json');
}

/** @returns undefined where nothing was ever revoked. Faults: USAGE-11 site.yaml names no root key, USAGE-08, TRUST-02, -08, -10, -11. */
export async function siteRevocations(site: KeySite, folder: string): Promise<SiteRevocations | undefined> {
  const file = revocationsFile(folder);
  const bytes = await readList(file);
  if (bytes === undefined) return undefined;
  if (site.keys.root === undefined)
    throw new Fault('USAGE-11', file, {
      expected: 'keys.root in site.yaml: the name of the root key that signed this list',
      found: 'none',
    });
  const roots = [await loadPublicKey(folder, site.keys.root)];
  return { list: readRevocations(bytes, { roots, site: site.site, subject: file }), bytes };
}

/** @returns the bytes of a list; undefined where there is none. Faults: USAGE-08, TRUST-08. */
export async function readList(file: string): Promise<Uint8Array | undefined> {
  return readCapped(file, REVOCATIONS_MAX_BYTES, {
    unreadable: 'USAGE-08',
    expected: 'a list of revoked keys',
  });
}

/** A key that may sign for the site. Faults: those of loadPrivateKey and siteRevocations; TRUST-13 it is revoked. */
export async function loadSigningKey(
  site: KeySite,
  folder: string,
  name: string,
  access: KeyAccess,
): Promise<PrivateKey> {
  const revocations = await siteRevocations(site, folder);
  // Before a passphrase is asked for in vain, where the public half lies beside it.
  const half = await loadPublicKey(folder, name, access);
  requireUnrevoked(`${name}.pem`, half, revocations?.list);
  return await loadPrivateKey(folder, name, access);
}

/**
 * Lays the list onto a distribution point; a reader sees the old one or the new one. Before policy: whoever follows the new policy can know.
 * Faults: those of siteRevocations; TRUST-06 the point has a newer one; DISK-*.
 */
export async function publishRevocations(
  site: Site,
  folder: string,
  point: string,
  durable: DurableFiles,
): Promise<void> {
  const own = await siteRevocations(site, folder);
  if (own === undefined) return;
  const file = onPoint(point, onDistributionPoint.revocations);
  const there = await readList(file);
  if (there !== undefined && Buffer.from(own.bytes).equals(there)) return;
  const newer = there === undefined ? undefined : await serialOf(there, site, folder, file);
  if (newer !== undefined && newer > own.list.serial)
    throw new Fault('TRUST-06', revocationsFile(folder), {
      expected: `serial ${newer} or higher, as ${file} has it: bring the key folder up to date`,
      found: own.list.serial,
    });
  await durable.makeFolder(path.dirname(file));
  await durable.replaceFile(file, own.bytes);
}

/** @returns undefined for what cannot be believed: it is replaced by what can. */
async function serialOf(
  bytes: Uint8Array,
  site: KeySite,
  folder: string,
  subject: string,
): Promise<number | undefined> {
  const roots = [await loadPublicKey(folder, site.keys.root ?? '')];
  try {
    return readRevocations(bytes, { roots, site: site.site, subject }).serial;
  } catch (thrown) {
    if (asFault(thrown).code.startsWith('TRUST-')) return undefined;
    throw thrown;
  }
}
