// The bytes of an image file, read at a place and never beyond the end; and the one fault of everything that cannot be so.
import { type FileHandle, open } from 'node:fs/promises';
import { Fault } from '../fault/fault.ts';

export interface ImageBytes {
  /** Absolute path of the image file. */
  readonly file: string;
  readonly size: number;
  /** Exactly `length` bytes from `offset`. `what` names them in a fault. Faults: DISK-09 beyond the end, DISK-03 the disk failed. */
  read(offset: number, length: number, what: string): Promise<Buffer>;
  close(): Promise<void>;
}

/** Faults: USAGE-08 nothing there that can be opened, DISK-09 not a file. */
export async function openImageBytes(file: string): Promise<ImageBytes> {
  const handle = await open(file, 'r').catch(cause => {
    throw new Fault('USAGE-08', file, {}, { cause });
  });
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw new Fault('DISK-09', file, { expected: 'a file', found: 'something else' });
    return imageBytes(file, handle, found.size);
  } catch (thrown) {
    await handle.close();
    throw thrown;
  }
}

function imageBytes(file: string, handle: FileHandle, size: number): ImageBytes {
  return {
    file,
    size,
    async read(offset, length, what) {
      if (offset < 0 || offset + length > size)
        throw cannotBeRead({ file }, what, `at most byte ${size} of the image`, offset + length);
      const bytes = Buffer.allocUnsafe(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await handle.read(bytes, done, length - done, offset + done).catch(cause => {
          throw new Fault('DISK-03', file, { operation: 'read', offset: offset + done }, { cause });
        });
        if (bytesRead === 0) throw cannotBeRead({ file }, what, `${size} bytes`, 'a file that was cut short');
        done += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}

/** @returns the fault for `what` of the image: DISK-09 with what should be there and what is. */
export function cannotBeRead(
  { file }: Pick<ImageBytes, 'file'>,
  what: string,
  expected: string | number,
  found: string | number,
): Fault {
  return new Fault('DISK-09', file, { what, expected, found });
}

/** @returns an unsigned number of 64 bits; beyond what a number holds exactly it is infinite, and so larger than every cap. */
export function readUInt64(bytes: Buffer, at: number): number {
  const value = bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
  return Number.isSafeInteger(value) ? value : Number.POSITIVE_INFINITY;
}
