// That this deployment has captured user state, and whose: beside the journal, which `--fresh` sets aside while the clearing may have begun.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { StepWorld } from './step-world.ts';

const memorySchema = z.strictObject({
  /** SHA-256 of the state.json that was captured. */
  state: z.string(),
  profiles: z.array(z.string()).readonly(),
});

export type CapturedMemory = Readonly<z.infer<typeof memorySchema>>;

type World = Pick<StepWorld, 'layout' | 'durable'>;

/** Durable when it resolves. */
export async function rememberCapture(memory: CapturedMemory, world: World): Promise<void> {
  await world.durable.replaceFile(fileOf(world), Buffer.from(`${JSON.stringify(memory)}\n`));
}

/** @returns undefined where nothing is known to be captured. */
export async function recallCapture(world: Pick<World, 'layout'>): Promise<CapturedMemory | undefined> {
  const text = await readFile(fileOf(world), 'utf8').catch(() => '');
  try {
    const parsed = memorySchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    // Absent or torn: not known to be captured.
    return undefined;
  }
}

function fileOf({ layout }: Pick<World, 'layout'>): string {
  return path.join(layout.own, 'captured-state.json');
}
