// Bytes that lie in several places of an image, as one piece.
import type { Extent } from './disk-image.ts';
import { cannotBeRead, type ImageBytes } from './image-bytes.ts';

/** @returns `length` bytes from `from` of what lies in `extents`. Faults: DISK-03, DISK-09 beyond their end. */
export async function readExtents(
  image: ImageBytes,
  extents: readonly Extent[],
  from: number,
  length: number,
  where: string,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let at = 0;
  let wanted = length;
  for (const extent of extents) {
    const skip = Math.max(0, from - at);
    at += extent.length;
    if (skip >= extent.length || wanted === 0) continue;
    const part = Math.min(extent.length - skip, wanted);
    pieces.push(
      extent.sparse === true ? Buffer.alloc(part) : await image.read(extent.offset + skip, part, where),
    );
    wanted -= part;
    from += part;
  }
  if (wanted > 0) throw cannotBeRead(image, where, `${length} bytes`, `${length - wanted} bytes`);
  const [only] = pieces;
  return only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces);
}
