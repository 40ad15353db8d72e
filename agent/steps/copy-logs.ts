// Copies the run's logs and its journal into a folder of their own on a share or another volume, named after the machine and the deployment.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { MachineFacts } from '../facts/machine-facts.ts';
import type { Step } from './step.ts';

export const copyLogs: Step<'copy-logs'> = {
  name: 'copy-logs',
  // The same folder each time: files of an earlier attempt are replaced.
  afterCut: 'start-over',
  done: async () => 'unknown',
  async run(action, world) {
    const { durable, layout, variables, facts } = world;
    const to = path.join(variables.now().expand(action.to), folderName(facts, world.began));
    await durable.makeFolder(to);
    for (const name of await readdir(layout.logs)) await copy(path.join(layout.logs, name), name);
    await copy(layout.journal, path.basename(layout.journal));
    return { log: to };

    async function copy(from: string, name: string): Promise<void> {
      const target = path.join(to, name);
      await durable.remove(target);
      await durable.copyFile(from, target);
    }
  },
};

/** `5CD1234XYZ-20261122T101112Z`: the machine by serial number or UUID, and when the deployment began. */
function folderName({ serial, uuid }: MachineFacts, began: string): string {
  const machine = (serial ?? uuid ?? 'unknown').replaceAll(/[^A-Za-z0-9._-]+/g, '-');
  return `${machine}-${began.replaceAll(/[-:]|\.\d+/g, '')}`;
}
