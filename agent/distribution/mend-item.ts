// Mends a damaged item where it lies: bad chunks are written over, small files replaced, what is absent put together aside and moved in.
// Nothing that is not proven is ever written, so a cut leaves an item that is less damaged than before.
import path from 'node:path';
import type { Acquired } from './acquire.ts';
import { type Acquisition, completeFiles, leftoversOf, seedsOf } from './complete-files.ts';
import type { FileWork } from './file-work.ts';
import { isFolder, listTree, wantedNames } from './local-tree.ts';

export async function mendItem(acquisition: Acquisition): Promise<Acquired> {
  const { request, world } = acquisition;
  const { layout, durable } = world;
  const { id, version } = request.reference;
  const [item, aside] = [layout.item(id), layout.staging(id, version)];
  if (!(await isFolder(aside))) await durable.remove(aside);
  const wanted = wantedNames(request.manifest.files.map(file => file.path));
  const tree = await listTree(item, wanted);
  const asideTree = await listTree(aside);
  for (const stray of [...tree.strays, ...asideTree.strays]) await durable.remove(stray);
  const works = request.manifest.files.map((file): FileWork => {
    const place = path.join(item, file.path);
    const found = tree.files.get(file.path);
    if (found !== undefined || file.chunks === undefined)
      return { file, place, assemble: place, found, live: true, missing: 'whole' };
    const assemble = path.join(aside, file.path);
    return { file, place, assemble, found: asideTree.files.get(file.path), live: true, missing: 'whole' };
  });
  const seeds = await seedsOf(id, aside, acquisition);
  const acquired = await completeFiles(works, { files: seeds, cut: false }, acquisition);
  for (const { place, assemble } of works) if (place !== assemble) await durable.rename(assemble, place);
  for (const leftover of await leftoversOf(id, world)) await durable.remove(leftover);
  return acquired;
}
