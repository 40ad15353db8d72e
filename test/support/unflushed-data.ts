// What was written to one file since its last flush, and what of it a power cut may leave.
import type { OpenFile } from '../../agent/durable/disk.ts';

/** What becomes of one unflushed write: gone, there, half of it there, or its length there but zeros in it. */
export type DataLoss = 'dropped' | 'kept' | 'torn' | 'zeroed';

export interface UnflushedFile {
  /** To be told before the bytes are written. */
  wrote(bytes: Uint8Array, position: number): Promise<void>;
  /** To be told before the file is cut or extended. */
  truncated(lengthBytes: number): Promise<void>;
  /** Puts the file into the state that the choices lead to: first back to its last flush, then forward again. Closes. */
  lose(choose: () => DataLoss): Promise<void>;
  /** It was flushed: nothing can be lost any more. Closes. */
  forget(): Promise<void>;
}

interface Write {
  readonly sizeBefore: number;
  readonly position: number;
  /** What lay where the step changed bytes. */
  readonly before: Uint8Array;
  /** The bytes written; undefined for a truncation to `position`. */
  readonly after: Uint8Array | undefined;
}

/** @param file opened for this purpose; it stays open, for the file may be renamed or removed meanwhile. */
export async function watchData(file: OpenFile): Promise<UnflushedFile> {
  const writes: Write[] = [];
  const read = async (position: number, length: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, await file.read(bytes, position));
  };
  return {
    async wrote(bytes, position) {
      writes.push({
        sizeBefore: await file.sizeBytes(),
        position,
        before: await read(position, bytes.length),
        after: Uint8Array.from(bytes),
      });
    },
    async truncated(lengthBytes) {
      const sizeBefore = await file.sizeBytes();
      writes.push({
        sizeBefore,
        position: lengthBytes,
        before: await read(lengthBytes, Math.max(0, sizeBefore - lengthBytes)),
        after: undefined,
      });
    },
    async lose(choose) {
      for (const write of writes.toReversed()) {
        await file.write(write.before, write.position);
        await file.truncate(write.sizeBefore);
      }
      for (const write of writes) await redo(file, write, choose());
      await file.close();
    },
    forget: () => file.close(),
  };
}

async function redo(file: OpenFile, { position, after }: Write, loss: DataLoss): Promise<void> {
  if (loss === 'dropped') return;
  if (after === undefined) {
    // A change of length is one entry in the file's record: it cannot be torn.
    await file.truncate(position);
    return;
  }
  if (loss === 'kept') await file.write(after, position);
  if (loss === 'torn') await file.write(after.subarray(0, after.length >> 1), position);
  if (loss === 'zeroed') await file.write(new Uint8Array(after.length), position);
}
