// What a site remembers of its last publishing, so that unchanged items are skipped by a look instead of a read. Never trusted for more:
// losing it costs time only.
import { createHash } from 'node:crypto';
import { lstat, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { contentVersion, MANIFEST_MAX_BYTES, sha256Text } from '../content/manifest.ts';
import { encodeJson } from '../document/decode-json.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import type { SiteContent } from './read-site.ts';
import type { SourceTree } from './source-tree.ts';

const rememberedItem = z.strictObject({
  version: contentVersion,
  /** Of the manifest, as its reference says it. */
  digest: sha256Text,
  manifestBytes: z.int().positive().max(MANIFEST_MAX_BYTES),
  totalBytes: z.int().nonnegative(),
  /** How the source looked. */
  fingerprint: sha256Text,
  /** Files that were changed about when they were read: a later change may look the same, so they are read once more. */
  unsettled: z.array(z.string()).optional(),
  /** How the version's folders looked on the distribution point; absent when that could not be remembered safely. */
  place: sha256Text.optional(),
});
const stateSchema = z.strictObject({
  format: z.literal('prestage-published/2'),
  /** The highest serial number ever signed for this site. */
  serial: z.int().nonnegative(),
  /** By distribution point folder, then content ID. */
  points: z.record(z.string(), z.record(z.string(), rememberedItem)),
});

export type PublishState = Readonly<z.infer<typeof stateSchema>>;
export type RememberedItem = Readonly<z.infer<typeof rememberedItem>>;

const NOTHING: PublishState = { format: 'prestage-published/2', serial: 0, points: {} };

/** @returns what is remembered; nothing when the file is absent or not understood. */
export async function readState(site: string): Promise<PublishState> {
  try {
    const parsed = stateSchema.safeParse(JSON.parse(await readFile(stateFile(site), 'utf8')));
    return parsed.success ? parsed.data : NOTHING;
  } catch {
    // Absent or damaged: everything is read again, which is always right.
    return NOTHING;
  }
}

/** Durable when it resolves. Faults: DISK-*. */
export async function writeState(
  site: string,
  { serial, points }: Omit<PublishState, 'format'>,
  durable: DurableFiles,
): Promise<void> {
  await durable.makeFolder(path.dirname(stateFile(site)));
  await durable.replaceFile(stateFile(site), encodeJson({ format: 'prestage-published/2', serial, points }));
}

/**
 * @returns this moment by the clock of the site's own file system, in nanoseconds: a file server's clock is not this machine's.
 * Faults: DISK-*.
 */
export async function momentOnDisk(site: string, durable: DurableFiles): Promise<bigint> {
  const file = path.join(path.dirname(stateFile(site)), 'moment');
  await durable.makeFolder(path.dirname(file));
  await durable.replaceFile(file, Buffer.from('\n'));
  // When it was written, not when it got its name: that is a little later.
  return (await lstat(file, { bigint: true })).mtimeNs;
}

/** One digest over all that decides an item's manifest, taken by looking: its document, and every file's path and stamp. */
export function fingerprintOf(item: SiteContent, { paths, looks }: SourceTree): string {
  const { id, version, type, name, install, detection, dependencies } = item;
  return createHash('sha256')
    .update(JSON.stringify({ id, version, type, name, install, detection, dependencies }))
    .update(`\0${paths.join('\0')}\0\0`)
    .update(looks)
    .digest('hex');
}

function stateFile(site: string): string {
  return path.join(site, '.prestage', 'published.json');
}
