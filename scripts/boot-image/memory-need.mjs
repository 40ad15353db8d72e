// How much memory a computer needs for a boot image. Microsoft, "Windows PE (WinPE)": at least 512 MB; when it starts from a RAM disk, "memory must be
// contiguous" for the whole .wim. The sum is on the safe side: Microsoft's 512 MB count a small boot.wim and 32 MB of scratch space in.
const BASE_MEGABYTES = 512;
const MEBIBYTE = 1024 * 1024;

/** @returns MB, with what they are made of */
export function memoryNeed({ bootWimBytes, scratchMegabytes }) {
  const bootWim = Math.ceil(bootWimBytes / MEBIBYTE);
  return {
    megabytes: bootWim + scratchMegabytes + BASE_MEGABYTES,
    bootWim,
    scratch: scratchMegabytes,
    base: BASE_MEGABYTES,
  };
}
