// What a rehearsal would have done to the machine: `commands.ndjson`, one line each, appended durably. Nothing of it is run.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { DurableFiles } from '../../durable/durable-files.ts';

const FILE = 'commands.ndjson';

const recordedSchema = z.discriminatedUnion('kind', [
  /** An installer; a `question` is a detection script, which installs nothing. */
  z.strictObject({
    kind: z.enum(['program', 'question']),
    command: z.string(),
    folder: z.string(),
    exitCode: z.union([z.int(), z.literal('timeout')]),
    rehearsed: z.literal(true),
  }),
  z.strictObject({
    kind: z.literal('drivers'),
    image: z.string(),
    folder: z.string(),
    infFiles: z.array(z.string()),
    rehearsed: z.literal(true),
  }),
  z.strictObject({ kind: z.literal('recovery'), image: z.string(), rehearsed: z.literal(true) }),
  /** A detection rule that was not met when it was asked. */
  z.strictObject({ kind: z.literal('not-detected'), clause: z.string(), rehearsed: z.literal(true) }),
  z.strictObject({ kind: z.literal('protect'), folder: z.string(), rehearsed: z.literal(true) }),
  z.strictObject({ kind: z.literal('partition'), disk: z.int(), rehearsed: z.literal(true) }),
  z.strictObject({ kind: z.literal('clock'), time: z.string(), rehearsed: z.literal(true) }),
  z.strictObject({ kind: z.literal('release-encryption'), rehearsed: z.literal(true) }),
  z.strictObject({ kind: z.literal('restart'), rehearsed: z.literal(true) }),
  z.strictObject({ kind: z.literal('retired'), folder: z.string(), rehearsed: z.literal(true) }),
]);

/** One line of the record. Folders are relative to the rehearsal folder, with `/`, so that it can be moved. */
export type Recorded = Readonly<z.infer<typeof recordedSchema>>;

export interface CommandRecord {
  /** All whole lines, oldest first. A torn last line (a cut while appending) does not count. */
  read(): Promise<readonly Recorded[]>;
  append(recorded: Recorded): Promise<void>;
}

/** @param disk the rehearsal folder. */
export function openCommandRecord(disk: string, durable: DurableFiles): CommandRecord {
  const file = path.join(disk, FILE);
  return {
    async read() {
      const text = await readFile(file, 'utf8').catch(() => '');
      return text.split('\n').flatMap(line => decodeLine(line));
    },
    // The line feed first: whatever a cut left of the line before does not spoil this one.
    append: recorded => durable.append(file, Buffer.from(`\n${JSON.stringify(recorded)}\n`)),
  };
}

function decodeLine(line: string): readonly Recorded[] {
  if (line === '') return [];
  try {
    const decoded = recordedSchema.safeParse(JSON.parse(line));
    return decoded.success ? [decoded.data] : [];
  } catch {
    // Torn by a cut: the command will be recorded again when its step is repeated.
    return [];
  }
}
