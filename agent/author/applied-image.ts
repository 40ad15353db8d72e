// Applied media in a raw disk image: files are looked at, read and digested where they lie, without mounting or taking them out.
import { createHash } from 'node:crypto';
import { type DiskImage, type ImageFile, type ImageVolume, openDiskImage } from '../disk-image/disk-image.ts';
import { imageKey } from '../disk-image/image-key.ts';
import { Fault } from '../fault/fault.ts';
import type { AppliedTree, MediaPart, MediaPath, Standing } from './applied-tree.ts';
import { batches, type DigestWorld, inParallel } from './digest-files.ts';

/** Faults: DISK-03, DISK-09, CONTENT-04 an image without an NTFS volume. */
export async function openAppliedImage(file: string): Promise<AppliedTree> {
  const image = await openDiskImage(file);
  if (image.volume === undefined) {
    await image.close();
    throw new Fault('CONTENT-04', file, { expected: 'an NTFS volume', found: 'none' });
  }
  return appliedImage(image);
}

function appliedImage(image: DiskImage): AppliedTree {
  const files = async (part: MediaPart): Promise<ReadonlyMap<string, ImageFile>> =>
    (await image[part]?.files()) ?? new Map();
  const fileAt = async ({ part, path }: MediaPath): Promise<ImageFile | undefined> =>
    (await files(part)).get(imageKey(path));
  return {
    volume: placeOf(image, image.volume),
    esp: image.esp && placeOf(image, image.esp),
    image,
    async look(place) {
      const file = await fileAt(place);
      return file && standing(file);
    },
    async read(place, maxBytes) {
      const file = await fileAt(place);
      if (file === undefined) return undefined;
      if (file.size > maxBytes)
        throw new Fault('TRUST-08', `${image.file}: ${file.path}`, {
          expected: `at most ${maxBytes} bytes`,
          found: file.size,
        });
      return image.read(file);
    },
    async list({ part, path }) {
      const below = `${imageKey(path)}/`;
      const found = [...(await files(part))].filter(([key]) => key.startsWith(below));
      return found.map(([, file]) => ({ path: file.path, standing: standing(file) }));
    },
    async digest(wanted, world) {
      return digestInImage(image, await Promise.all(wanted.map(fileAt)), world);
    },
    close: () => image.close(),
  };
}

function placeOf({ file }: DiskImage, volume: ImageVolume | undefined): string {
  return volume === undefined ? file : `${file}, partition ${volume.partition}`;
}

function standing(file: ImageFile): Standing {
  return file.unreadable === undefined ? { size: file.size } : { notPlain: file.unreadable };
}

/** Files of more than this are begun first, so that no thread is left alone with the OS image at the end; the others in the order of the image. */
const LARGE_BYTES = 64 * 1024 * 1024;

async function digestInImage(
  image: DiskImage,
  wanted: readonly (ImageFile | undefined)[],
  world: DigestWorld,
): Promise<readonly (string | undefined)[]> {
  const digests = new Map<object, string | undefined>();
  const outside: ImageFile[] = [];
  for (const file of wanted) {
    if (file === undefined || file.unreadable !== undefined || digests.has(bytesOf(file))) continue;
    digests.set(bytesOf(file), undefined);
    if (file.inline === undefined) outside.push(file);
    else {
      digests.set(bytesOf(file), createHash('sha256').update(file.inline).digest('hex'));
      world.advance?.(file.size);
    }
  }
  const large = outside.filter(file => file.size > LARGE_BYTES).toSorted((a, b) => b.size - a.size);
  const small = outside.filter(file => file.size <= LARGE_BYTES).toSorted((a, b) => begins(a) - begins(b));
  const work = batches([...large, ...small]).map(batch => async () => {
    const { sha256 } = await world.pool.run(
      'hash-extents',
      { path: image.file, files: batch.map(({ extents }) => ({ extents })) },
      { ...(world.signal && { signal: world.signal }), ...(world.advance && { advance: world.advance }) },
    );
    for (const [at, file] of batch.entries()) digests.set(bytesOf(file), sha256[at]);
  });
  await inParallel(work, world.pool.size);
  return wanted.map(file => file && digests.get(bytesOf(file)));
}

/** What hard links of one file have in common: they are read once. */
function bytesOf({ inline, extents }: ImageFile): object {
  return inline ?? extents;
}

function begins({ extents }: ImageFile): number {
  return extents[0]?.offset ?? 0;
}
