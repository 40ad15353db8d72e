// The end: takes secrets, the media's boot entry, the cache and the continuation away, sends what is still to be told, and keeps the records.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { CacheLayout } from '../content/layout.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { asFault } from '../fault/fault.ts';
import { ANSWER_FILE, ANSWER_FILES_OF_IMAGE } from './continuation-files.ts';
import { finishRetirement, markKept } from './finish-retirement.ts';
import { restoreSetupComplete } from './image-setup-complete.ts';
import { removeReceipt } from './remove-receipt.ts';
import { stagedLayout } from './stage-agent.ts';
import type { Step } from './step.ts';
import type { StepWorld } from './step-world.ts';

/** `true` keeps the cached content: Configuration Manager's SMSTSPersistContent, and this agent's own name for it. */
export const KEEP_CACHE_VARIABLES: readonly string[] = ['PrestageKeepCache', 'SMSTSPersistContent'];

/** How long the end of a deployment waits for a link that takes its last events. */
const STATUS_TIMEOUT_MS = 60_000;

export const retireMedia: Step<'retire-media'> = {
  name: 'retire-media',
  // Each part can be repeated. From the kept report on, a cut is ended by the next start without this plan: see finish-retirement.ts.
  afterCut: 'start-over',
  done: async () => false,
  async run(_action, world) {
    const { durable, layout, machine } = world;
    const { root } = await world.target();
    await removeAnswers(root, durable);
    await restoreSetupComplete(root, durable);
    await machine.releaseEncryption();
    await machine.retireMediaBootEntry();
    await removeReceipt(world);
    const staged: CacheLayout = await stagedLayout(world);
    if (keepsCache(world)) await markKept(layout, durable);
    else await removeContent(world);
    // The kept report says that all of this is done: where it stands, only folders are left to remove.
    await world.keepRecords({ onceCompleted: () => sendLast(world) });
    await finishRetirement({ durable, machine, media: layout, staged });
    return {};
  },
};

/** Setup annotates the answer file and leaves it lying; it names how this machine was set up, and may hold passwords. */
async function removeAnswers(volumeRoot: string, durable: DurableFiles): Promise<void> {
  for (const file of [ANSWER_FILE, ...ANSWER_FILES_OF_IMAGE])
    await durable.remove(path.join(volumeRoot, ...file.split('/')));
}

/**
 * A program that an installer has left running may sit in its item's folder, which Windows then does not remove. The end of a deployment does not
 * hang on that: what can go goes, and `retire` tries the rest again.
 */
async function removeContent({ durable, layout, observe }: StepWorld): Promise<void> {
  const names = await readdir(layout.packages).catch(() => []);
  for (const name of names) {
    try {
      await durable.remove(path.join(layout.packages, name));
    } catch (thrown) {
      const { code, detail } = asFault(thrown);
      if (code !== 'DISK-02') throw thrown;
      const text = `${name} is in use and cannot be removed now (${detail.native}): a program that its installer started may run on in it.`;
      observe({ kind: 'note', level: 'warning', component: 'clean-up', text });
    }
  }
}

function keepsCache({ variables }: StepWorld): boolean {
  const now = variables.now();
  return KEEP_CACHE_VARIABLES.some(name => now.get(name)?.toLowerCase() === 'true');
}

/** A finished deployment ends, whether or not anybody hears of it: the kept records hold every event. */
async function sendLast(world: StepWorld): Promise<void> {
  const sent = await world.status.flush({
    timeoutMs: STATUS_TIMEOUT_MS,
    ...(world.signal === undefined ? {} : { signal: world.signal }),
  });
  await world.status.stop();
  if (sent) return;
  const text =
    'The last status events could not be sent to the management point; journal and report are kept on this machine.';
  world.observe({ kind: 'note', level: 'warning', component: 'clean-up', text });
}
