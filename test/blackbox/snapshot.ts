// What lies below a folder, byte for byte, so that a test can say that nothing of it has changed.
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import path from 'node:path';

/** Path below the folder (`/` between names) to SHA-256 of a file, `folder`, or where a link leads. */
export type Snapshot = Readonly<Record<string, string>>;

/** Files beyond count by their size: they are holes, and reading them would take a minute. */
const LARGE_BYTES = 1024 ** 3;

/** Every entry below `folder`, sorted; an absent folder has none. */
export function snapshotOf(folder: string): Snapshot {
  const found: Record<string, string> = {};
  for (const name of namesBelow(folder).sort()) {
    const full = path.join(folder, name);
    const stats = lstatSync(full, { throwIfNoEntry: false });
    // Node's text of a name that is none leads nowhere; that it is there is something.
    found[name.split(path.sep).join('/')] =
      stats === undefined ? 'a name that is no text' : whatIs(full, stats);
  }
  return found;
}

function whatIs(full: string, stats: Stats): string {
  if (stats.isSymbolicLink()) return `link to ${readlinkSync(full)}`;
  if (stats.isDirectory()) return 'folder';
  if (!stats.isFile()) return 'device or pipe';
  if (stats.size > LARGE_BYTES) return `${stats.size} bytes`;
  return createHash('sha256').update(readFileSync(full)).digest('hex');
}

/** What a run may write below `_SMSTaskSequence` once the media is proven, before a plan is accepted: its own journal and logs. */
const RECORDS = /(^|\/)_SMSTaskSequence\/(Logs(\/|$)|Prestage\/journal\.log)/;

/** As it is, but for journal and logs. */
export function withoutRecords(snapshot: Snapshot): Snapshot {
  return Object.fromEntries(Object.entries(snapshot).filter(([name]) => !RECORDS.test(name)));
}

function namesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
