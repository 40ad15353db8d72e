// What FAT32 cannot hold, found before anything is written.
import { Fault } from '../fault/fault.ts';
import { FAT32_FILE_MAX_BYTES } from '../plan/fat32.ts';

/** @param esp the files of an EFI system partition, as the media manifest lists them. Fault: DISK-07, which names the first that is too large. */
export function requireFat32Sizes(esp: readonly { readonly path: string; readonly size: number }[]): void {
  const large = esp.find(({ size }) => size > FAT32_FILE_MAX_BYTES);
  if (large === undefined) return;
  throw new Fault('DISK-07', large.path, {
    expected: `at most ${FAT32_FILE_MAX_BYTES} bytes, as EFI system partitions are FAT32`,
    found: `${large.size} bytes`,
  });
}
