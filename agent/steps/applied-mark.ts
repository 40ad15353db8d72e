// The mark that says which image lies on which volume, whole: written after the apply is flushed, removed before anything is wiped.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { CacheLayout } from '../content/layout.ts';
import type { DurableFiles } from '../durable/durable-files.ts';

const schema = z.strictObject({
  digest: z.string(),
  file: z.string(),
  index: z.int(),
  /** ID of the volume where it is another than the media's. */
  volume: z.string().optional(),
});

export type AppliedMark = Readonly<z.infer<typeof schema>>;

/** @returns the mark, or undefined where there is none that can be read: then nothing is known to be applied. */
export async function readAppliedMark({
  applied,
}: Pick<CacheLayout, 'applied'>): Promise<AppliedMark | undefined> {
  try {
    const mark = schema.safeParse(JSON.parse(await readFile(applied, 'utf8')));
    return mark.success ? mark.data : undefined;
  } catch {
    // Absent, unreadable or torn.
    return undefined;
  }
}

/** Durable when it resolves. */
export async function writeAppliedMark(
  { applied }: Pick<CacheLayout, 'applied'>,
  mark: AppliedMark,
  durable: DurableFiles,
): Promise<void> {
  await durable.replaceFile(applied, Buffer.from(`${JSON.stringify(mark)}\n`));
}
