// The journal on the media volume: opened, replayed, appended to. Every line carries its own checksum; a torn or zero-filled tail is cut off.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { decodeLines, encodeLine } from '../durable/checked-lines.ts';
import { nativeCodeOf } from '../durable/disk-fault.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import type { Redact } from '../fault/redact.ts';
import type { Clock } from '../progress/clock.ts';
import { type JournalEntry, type JournalRecord, journalFrame } from './record.ts';

export interface Journal {
  readonly path: string;
  /** Everything recorded so far, oldest first, this run's own records included. */
  readonly records: readonly JournalRecord[];
  /** Durable when it resolves. */
  append(entry: JournalEntry): Promise<void>;
}

export interface JournalOptions {
  readonly path: string;
  readonly durable: DurableFiles;
  readonly clock: Clock;
  /** The journal is kept for people: what failed may have a command line in it. */
  readonly redact: Redact;
}

/**
 * Opens the journal, made when absent. After a power cut its tail may be torn or zero-filled: that is cut off before the first append.
 * @throws Fault JOURNAL-01 when a record before the last valid one is damaged.
 */
export async function openJournal({ path: file, durable, clock, redact }: JournalOptions): Promise<Journal> {
  const bytes = await readOrEmpty(file);
  const { records, validBytes } = decode(file, bytes);
  if (validBytes < bytes.length) {
    const partial = await durable.openPartial(file);
    try {
      await partial.truncate(validBytes);
      await partial.flush();
    } finally {
      await partial.close();
    }
  }
  await durable.makeFolder(path.dirname(file));
  let previous: Promise<void> = Promise.resolve();
  return {
    path: file,
    records,
    append(entry) {
      // One at a time, in the order asked: two lines must never interleave, and numbers follow the order on the disk.
      const next = previous.then(async () => {
        const record: JournalRecord = {
          ...withoutSecrets(entry, redact),
          n: records.length,
          at: clock.now().toISOString(),
        };
        await durable.append(file, encodeLine(record));
        records.push(record);
      });
      previous = next.catch(() => {});
      return next;
    },
  };
}

function withoutSecrets(entry: JournalEntry, redact: Redact): JournalEntry {
  // Masked as JSON and read back: what failed and what came of an action is told to people, in text of all kinds.
  if (entry.type === 'action-failed' || entry.type === 'run-failed')
    return { ...entry, fault: JSON.parse(redact(JSON.stringify(entry.fault))) };
  if (entry.type === 'action-finished')
    return { ...entry, result: JSON.parse(redact(JSON.stringify(entry.result))) };
  // Its author may have put any variable into it.
  if (entry.type === 'status') return { ...entry, message: redact(entry.message) };
  return entry;
}

/** Reads a journal without opening it for writing: for `report` and `plan`. An absent one is empty. */
export async function readJournal(file: string): Promise<readonly JournalRecord[]> {
  return decode(file, await readOrEmpty(file)).records;
}

function decode(file: string, bytes: Uint8Array): { records: JournalRecord[]; validBytes: number } {
  const lines = decodeLines(bytes);
  if (lines.damagedLine !== undefined) throw new Fault('JOURNAL-01', file, { line: lines.damagedLine });
  const records: JournalRecord[] = [];
  for (const value of lines.values) {
    const frame = journalFrame.safeParse(value);
    if (!frame.success) throw new Fault('JOURNAL-01', file, { line: records.length + 1 });
    // The checksum proves that the agent wrote this line, whole; its type is then the agent's own.
    records.push(frame.data as unknown as JournalRecord);
  }
  return { records, validBytes: lines.validBytes };
}

async function readOrEmpty(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    if (nativeCodeOf(error) === 'ENOENT') return new Uint8Array();
    throw new Fault('DISK-03', file, { operation: 'read' }, { cause: error });
  }
}
