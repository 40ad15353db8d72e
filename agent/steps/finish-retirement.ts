// The part of the clean-up that comes after the kept report, and so may have to be ended by a run that finds neither plan nor policy any more.
import { access, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { CacheLayout } from '../content/layout.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import type { Machine } from '../machine/machine.ts';
import { secretsKeyFile } from './stage-agent.ts';

export interface Retirement {
  readonly durable: DurableFiles;
  readonly machine: Machine;
  /** Of the media volume. */
  readonly media: CacheLayout;
  /** Of the volume with the new Windows: the same in a same-volume deployment. */
  readonly staged: CacheLayout;
}

/** Of `_SMSTaskSequence/Prestage`, what a kept cache needs to be proven later, and what goes by other ways or is no secret. */
const KEPT: ReadonlySet<string> = new Set(['manifests', 'chunks', 'kept', 'agent', 'journal.log']);

/** Says, durably, that the cached content stays: before the report is kept, so that whoever ends the clean-up knows it. */
export async function markKept({ own }: CacheLayout, durable: DurableFiles): Promise<void> {
  await durable.replaceFile(
    markOf(own),
    Buffer.from(
      'The deployment that used this cache is finished. Its content was kept, as its variables say.\r\n',
    ),
  );
}

/**
 * Removes `_SMSTaskSequence` on both volumes and the start-up task; the running agent and its open logs go once it has ended. A kept cache is media
 * no more: its manifest goes with policy and this machine's record, so that nothing starts from it again. Can be repeated.
 */
export async function finishRetirement({ durable, machine, media, staged }: Retirement): Promise<void> {
  // Media that is kept opens no more; and the rest may take until the running agent has ended.
  await durable.remove(secretsKeyFile(staged));
  const sameVolume = media.root === staged.root;
  if (!(await isThere(markOf(media.own)))) {
    await machine.retire(staged.root, ...(sameVolume ? [] : [media.root]));
    return;
  }
  // The manifest goes last: by it the media volume is found again after a cut.
  const last = [media.mediaSignature, media.media];
  const others = (await readdir(media.own))
    .filter(name => !KEPT.has(name))
    .map(name => path.join(media.own, name));
  for (const place of [...others.filter(each => !last.includes(each)), ...last]) await durable.remove(place);
  await machine.retire(sameVolume ? staged.agent : staged.root);
}

function markOf(own: string): string {
  return path.join(own, 'kept');
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
