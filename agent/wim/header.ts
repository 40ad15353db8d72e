// The WIM header: 208 bytes that say where everything else lies. Pure; every number is checked before it is used.
// Source: "Windows Imaging File Format (WIM)" white paper; wimlib include/wimlib/header.h.
import { Fault } from '../fault/fault.ts';

export const HEADER_LENGTH_BYTES = 208;

const MAGIC = 'MSWIM\0\0\0';
const VERSION_DEFAULT = 0x0001_0d00;
const VERSION_SOLID = 0x0000_0e00;
const RESOURCE_COMPRESSED = 0x04;
const RESOURCE_SOLID = 0x10;

/** Where one resource lies: `offset` and `storedBytes` in the file, `originalBytes` when decompressed. All zero: absent. */
export interface ResourceHeader {
  readonly storedBytes: number;
  readonly offset: number;
  readonly originalBytes: number;
  readonly compressed: boolean;
  readonly solid: boolean;
}

export interface WimHeader {
  /** True for version 0xE00: solid resources, as in `.esd` files. */
  readonly solid: boolean;
  readonly compression: 'none' | 'xpress' | 'lzx' | 'lzms';
  readonly chunkBytes: number;
  /** 32 hex digits, in the order of the file's bytes. */
  readonly guid: string;
  readonly partNumber: number;
  readonly partCount: number;
  readonly imageCount: number;
  /** From 1; 0 when no image is marked bootable. */
  readonly bootIndex: number;
  readonly blobTable: ResourceHeader;
  readonly xml: ResourceHeader;
  readonly integrity: ResourceHeader;
}

/**
 * Decodes the first 208 bytes of a WIM whose length is `fileBytes`.
 * @throws Fault IMAGE-01 when it is no WIM (or a kind that is not read: pipable, unknown version), IMAGE-02 when it contradicts itself or the file ends too early.
 */
export function decodeHeader(bytes: Uint8Array, fileBytes: number, subject: string): WimHeader {
  if (bytes.length < HEADER_LENGTH_BYTES) {
    throw new Fault('IMAGE-01', subject, { expected: 'at least 208 bytes', found: `${bytes.length} bytes` });
  }
  const magic = Buffer.from(bytes.subarray(0, 8)).toString('latin1');
  if (magic !== MAGIC) {
    throw new Fault('IMAGE-01', subject, { expected: 'MSWIM at the start', found: printable(magic) });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_LENGTH_BYTES);
  const version = view.getUint32(0x0c, true);
  if (version !== VERSION_DEFAULT && version !== VERSION_SOLID) {
    throw new Fault('IMAGE-01', subject, {
      expected: 'version 0x10d00 or 0xe00',
      found: `0x${version.toString(16)}`,
    });
  }
  const headerBytes = view.getUint32(0x08, true);
  if (headerBytes !== HEADER_LENGTH_BYTES) {
    throw new Fault('IMAGE-02', subject, { expected: 'header of 208 bytes', found: headerBytes });
  }
  const header: WimHeader = {
    solid: version === VERSION_SOLID,
    compression: compressionOf(view.getUint32(0x10, true)),
    chunkBytes: view.getUint32(0x14, true),
    guid: Buffer.from(bytes.subarray(0x18, 0x28)).toString('hex'),
    partNumber: view.getUint16(0x28, true),
    partCount: view.getUint16(0x2a, true),
    imageCount: view.getUint32(0x2c, true),
    bootIndex: view.getUint32(0x78, true),
    blobTable: resourceHeader(bytes.subarray(0x30, 0x48)),
    xml: resourceHeader(bytes.subarray(0x48, 0x60)),
    integrity: resourceHeader(bytes.subarray(0x7c, 0x94)),
  };
  for (const [name, resource] of [
    ['blob table', header.blobTable],
    ['XML', header.xml],
    ['integrity table', header.integrity],
  ] as const) {
    checkInside(name, resource, fileBytes, subject);
  }
  if (header.bootIndex > header.imageCount) {
    throw new Fault('IMAGE-02', subject, {
      expected: `boot index of at most ${header.imageCount}`,
      found: header.bootIndex,
    });
  }
  return header;
}

/** Decodes 24 bytes: stored size in 7 bytes, flags, offset, original size. Sizes over 2^53 read as Infinity and fail every check. */
export function resourceHeader(bytes: Uint8Array): ResourceHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 24);
  const flags = view.getUint8(7);
  return {
    storedBytes: safe(view.getBigUint64(0, true) & 0x00ff_ffff_ffff_ffffn),
    offset: safe(view.getBigUint64(8, true)),
    originalBytes: safe(view.getBigUint64(16, true)),
    compressed: (flags & RESOURCE_COMPRESSED) !== 0,
    solid: (flags & RESOURCE_SOLID) !== 0,
  };
}

function safe(value: bigint): number {
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(value);
}

function compressionOf(flags: number): WimHeader['compression'] {
  if ((flags & 0x2) === 0) return 'none';
  if ((flags & 0x80000) !== 0) return 'lzms';
  return (flags & 0x40000) !== 0 ? 'lzx' : 'xpress';
}

function checkInside(name: string, resource: ResourceHeader, fileBytes: number, subject: string): void {
  const end = resource.offset + resource.storedBytes;
  if (resource.storedBytes > 0 && (resource.offset < HEADER_LENGTH_BYTES || end > fileBytes)) {
    throw new Fault('IMAGE-02', subject, {
      expected: `${name} within the file's ${fileBytes} bytes`,
      found: `${name} at ${resource.offset}, ${resource.storedBytes} bytes`,
    });
  }
}

function printable(text: string): string {
  return JSON.stringify(text);
}
