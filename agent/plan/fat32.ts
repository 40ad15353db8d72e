// What FAT32 can hold.

/** A directory entry has 32 bits for a file's size (Microsoft, FAT32 File System Specification, section "FAT Directory Structure"). */
export const FAT32_FILE_MAX_BYTES = 2 ** 32 - 1;

/** @param fileSystem as Windows names it. exFAT has no such limit. */
export function isFat(fileSystem: string): boolean {
  return /^FAT(12|16|32)?$/i.test(fileSystem);
}
