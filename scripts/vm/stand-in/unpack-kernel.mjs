// Takes the ELF kernel out of a bzImage: QEMU starts that by itself (PVH), without a boot loader and without unpacking it in the guest.
// Source: Linux, Documentation/arch/x86/boot.rst (setup_sects, payload_offset, payload_length).
import { zstdDecompressSync } from 'node:zlib';

const SETUP_SECTORS = 0x1f1;
const MAGIC = 0x202;
const PAYLOAD_OFFSET = 0x248;
const PAYLOAD_LENGTH = 0x24c;
const SECTOR_BYTES = 512;
/** Behind the payload stands the size of what it unpacks to. */
const SIZE_BYTES = 4;
const ZSTD = 0xfd2fb528;

/** @param {Buffer} image a bzImage whose payload is zstd, as Debian's are */
export async function unpackKernel(image) {
  if (image.toString('latin1', MAGIC, MAGIC + 4) !== 'HdrS') throw new Error('not a bzImage');
  const start = ((image[SETUP_SECTORS] || 4) + 1) * SECTOR_BYTES + image.readUInt32LE(PAYLOAD_OFFSET);
  const payload = image.subarray(start, start + image.readUInt32LE(PAYLOAD_LENGTH) - SIZE_BYTES);
  if (payload.readUInt32LE() !== ZSTD) throw new Error('the kernel is not compressed by zstd');
  const kernel = zstdDecompressSync(payload);
  if (kernel.toString('latin1', 1, 4) !== 'ELF') throw new Error('the kernel is no ELF file');
  return kernel;
}
