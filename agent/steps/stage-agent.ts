// Lays the running agent, its pinned keys and certificates where the new Windows will start them.
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { hashFile } from '../content/digest.ts';
import type { Step } from './step.ts';
import type { StepWorld } from './step-world.ts';

/** Name of the staged configuration, beside the staged executable. */
export const STAGED_CONFIG = 'agent.yaml';

export const stageAgent: Step<'stage-agent'> = {
  name: 'stage-agent',
  afterCut: 'start-over',
  async done(_action, world) {
    for (const [from, to] of stagedFiles(world)) {
      if ((await hashFile(to)) !== (await hashFile(from))) return false;
    }
    return true;
  },
  async run(_action, world) {
    for (const [from, to] of stagedFiles(world)) {
      await world.durable.makeFolder(path.dirname(to));
      const partial = `${to}.partial`;
      await world.durable.remove(partial);
      await world.durable.copyFile(from, partial);
      await world.durable.rename(partial, to);
    }
    return {};
  },
};

/** The path of the staged executable as the new Windows starts it; the name is the running one's. */
export function stagedExecutable(world: Pick<StepWorld, 'agent' | 'layout'>): string {
  return path.join(
    world.layout.agent,
    world.agent.executable === undefined ? 'prestage.exe' : path.basename(world.agent.executable),
  );
}

/** Room that staging will still take, for the check that everything fits before anything is cleared. */
export async function bytesToStage(world: Pick<StepWorld, 'agent' | 'layout'>): Promise<number> {
  let bytes = 0;
  for (const [from, to] of stagedFiles(world)) if (!existsSync(to)) bytes += (await stat(from)).size;
  return bytes;
}

function stagedFiles({
  agent,
  layout,
}: Pick<StepWorld, 'agent' | 'layout'>): readonly (readonly [from: string, to: string])[] {
  const beside = path.dirname(agent.config);
  return [
    ...(agent.executable === undefined
      ? []
      : [[agent.executable, stagedExecutable({ agent, layout })] as const]),
    ...agent.certificates.map(
      name => [path.resolve(beside, name), path.join(layout.agent, ...name.split(/[\\/]/))] as const,
    ),
    [agent.config, path.join(layout.agent, STAGED_CONFIG)],
  ];
}
