// Reads the finished boot.wim back, as if somebody else had made it: every file at its place with its digest, the right image to start, a table that holds,
// nothing left over. Whatever is not so is an error of this program or of the disk, and nothing is put in place.
import { join } from 'node:path';
import { checkIntegrity, describeWim } from '../../agent/wim/read-wim.ts';
import { digestOfFile, digestsBelow, filesBelow } from './digest.mjs';
import { wimLayout } from './wim-layout.mjs';

/**
 * @param {ReturnType<import('./wim-images.mjs').wimImages>} images of the finished WIM
 * @param {{ index: number, tree: string, deleted: readonly string[], signal?: AbortSignal, onPercent?: (percent: number) => void }} expected
 * @returns the files of the tree by place with SHA-256, sizes, and what the agent takes in the WIM
 */
export async function readBack(images, { index, tree, deleted, signal, onPercent }) {
  const { header } = await describeWim(images.wim);
  expect('boot index', index, header.bootIndex);
  const listing = await images.list(index);
  const laid = filesBelow(tree);
  for (const place of laid)
    expect(
      `\\${place.replaceAll('/', '\\')}`,
      await digestOfFile(join(tree, place), 'sha1'),
      entryOf(place)?.sha1,
    );
  for (const path of deleted) {
    const left = [...listing.keys()].filter(
      key => key === path.toLowerCase() || key.startsWith(`${path.toLowerCase()}/`),
    );
    const strange = left.filter(key => !listing.get(key).isFolder && !isLaid(key));
    expect(`what was below ${path}`, '', strange.join(' '));
  }
  const integrity = await checkIntegrity(images.wim, { signal });
  expect('integrity table', 'present', integrity.table);
  expect('pieces that its integrity table does not hold for', 0, integrity.badRanges.length);
  const { fileBytes, deadBytes } = await wimLayout(images.wim);
  expect('bytes that nothing refers to', 0, deadBytes);
  // Files of the source are read here for the first time: where no integrity table vouches for them, only this finds a damaged one.
  await images.verify(onPercent);
  return {
    files: await digestsBelow(tree),
    fileBytes,
    storedBytesOf: place => entryOf(place)?.storedBytes ?? 0,
  };

  function entryOf(place) {
    return listing.get(`/${place.toLowerCase()}`);
  }
  function isLaid(key) {
    return laid.some(place => `/${place.toLowerCase()}` === key);
  }
}

/** That two sets of digests are the same for every file of the first. */
export function expectSame(what, expected, found) {
  for (const [file, digest] of Object.entries(expected)) expect(`${file} in ${what}`, digest, found[file]);
}

export function expect(what, expected, found) {
  if (found !== expected)
    throw new Error(
      `Read back, the boot image is not what was asked for, and nothing was put in place. ${what}: expected ${expected}, found ${found}. Run it again; should it stay so, send this text.`,
    );
}
