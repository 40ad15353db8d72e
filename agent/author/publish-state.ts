// What a site remembers of its last publishing, so that unchanged items are skipped by a look instead of a read. Never trusted for more:
// losing it costs time only.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { contentVersion, sha256Text } from '../content/manifest.ts';
import { encodeJson } from '../document/decode-json.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import type { SiteContent } from './read-site.ts';
import type { SourceFile } from './source-tree.ts';

const rememberedItem = z.strictObject({
  version: contentVersion,
  digest: sha256Text,
  fingerprint: sha256Text,
});
const stateSchema = z.strictObject({
  format: z.literal('prestage-published/1'),
  /** The highest serial number ever signed for this site. */
  serial: z.int().nonnegative(),
  /** By distribution point folder, then content ID. */
  points: z.record(z.string(), z.record(z.string(), rememberedItem)),
});

export type PublishState = Readonly<z.infer<typeof stateSchema>>;
export type RememberedItem = Readonly<z.infer<typeof rememberedItem>>;

const NOTHING: PublishState = { format: 'prestage-published/1', serial: 0, points: {} };

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
export async function writeState(site: string, state: PublishState, durable: DurableFiles): Promise<void> {
  await durable.makeFolder(path.dirname(stateFile(site)));
  await durable.replaceFile(stateFile(site), encodeJson(state));
}

/** One digest over all that decides an item's manifest, taken by looking: its document, and every file's path and stamp. */
export function fingerprintOf(item: SiteContent, files: readonly SourceFile[]): string {
  const { id, version, type, name, install, detection, dependencies } = item;
  const seen = {
    id,
    version,
    type,
    name,
    install,
    detection,
    dependencies,
    files: files.map(file => [file.path, file.stamp]),
  };
  return createHash('sha256').update(JSON.stringify(seen)).digest('hex');
}

function stateFile(site: string): string {
  return path.join(site, '.prestage', 'published.json');
}
