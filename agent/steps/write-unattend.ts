// Writes what makes the new Windows start the agent after its Setup: an answer file and the fallback script.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { continuationFiles } from './continuation-files.ts';
import { stagedExecutable } from './stage-agent.ts';
import type { Step } from './step.ts';
import type { StepWorld } from './step-world.ts';

export const writeUnattend: Step<'write-unattend'> = {
  name: 'write-unattend',
  afterCut: 'start-over',
  async done(_action, world) {
    for (const { target, text } of files(world)) {
      const found = await readFile(target, 'utf8').catch(() => undefined);
      if (found !== text) return false;
    }
    return true;
  },
  async run(_action, world) {
    for (const { target, text } of files(world)) {
      await world.durable.makeFolder(path.dirname(target));
      await world.durable.replaceFile(target, Buffer.from(text));
    }
    return {};
  },
};

function files(world: StepWorld): readonly { readonly target: string; readonly text: string }[] {
  const inNewWindows = path.relative(world.volume.root, stagedExecutable(world));
  return continuationFiles(inNewWindows).map(file => ({
    target: path.join(world.volume.root, ...file.path.split('/')),
    text: file.text,
  }));
}
