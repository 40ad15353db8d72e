// Stages a version in a folder of its own beside the item and swaps it in whole: machines never see two versions mixed.
import path from 'node:path';
import type { Acquired } from './acquire.ts';
import { type Acquisition, completeFiles, leftoversOf, seedsOf } from './complete-files.ts';
import type { FileWork } from './file-work.ts';
import { isFolder, listTree, wantedNames } from './local-tree.ts';
import { swapIn } from './swap.ts';

/** What an earlier attempt staged is proven where it lies, and only the gaps are filled. */
export async function stageItem(acquisition: Acquisition): Promise<Acquired> {
  const { request, world } = acquisition;
  const { layout, durable } = world;
  const { id, version } = request.reference;
  const staged = layout.staging(id, version);
  if (!(await isFolder(staged))) await durable.remove(staged);
  await durable.makeFolder(staged);
  const tree = await listTree(staged, wantedNames(request.manifest.files.map(file => file.path)));
  for (const stray of tree.strays) await durable.remove(stray);
  const works = request.manifest.files.map((file): FileWork => {
    const place = path.join(staged, file.path);
    return { file, place, assemble: place, found: tree.files.get(file.path), live: false, missing: 'whole' };
  });
  const acquired = await completeFiles(
    works,
    { files: request.whole === true ? [] : await seedsOf(id, staged, acquisition), cut: true },
    acquisition,
  );
  await durable.flushTrees([staged]);
  await swapIn({ item: layout.item(id), retired: layout.retired(id), staged }, durable);
  for (const leftover of await leftoversOf(id, world)) await durable.remove(leftover);
  return acquired;
}
