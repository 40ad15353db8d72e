// Looks into an executable that the build made: the machine it is for, its fuse, its blob and what lies in that.
import { NtExecutable, NtExecutableResource } from 'resedit';

/** The machine type of a PE file. Source: Microsoft, "PE Format", COFF file header. */
export function machineOf(bytes: Buffer): number {
  const header = bytes.readUInt32LE(0x3c);
  if (bytes.toString('latin1', header, header + 4) !== 'PE\0\0') throw new Error('not a PE file');
  return bytes.readUInt16LE(header + 4);
}

/** Whether Node will look for a blob: there is one mark, and it says so. */
export function hasFuse(bytes: Buffer): boolean {
  const marks = [...bytes.toString('latin1').matchAll(/NODE_SEA_FUSE_[0-9a-f]{32}:([01])/g)];
  return marks.length === 1 && marks[0]?.[1] === '1';
}

/** The blob of a Windows executable: the one resource of the name by which Node looks. */
export function seaBlobOf(bytes: Buffer): Buffer {
  const { entries } = NtExecutableResource.from(NtExecutable.from(bytes, { ignoreCert: true }));
  const [blob, ...others] = entries.filter(({ type, id }) => type === 10 && id === 'NODE_SEA_BLOB'); // RT_RCDATA
  if (blob === undefined || others.length > 0) throw new Error(`not one blob, but ${others.length + 1}`);
  return Buffer.from(blob.bin);
}

/** An asset of a blob. Name and content each follow their length in 8 bytes. Source: Node, src/node_sea.cc, SeaSerializer. */
export function assetIn(blob: Buffer, name: string): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(name.length));
  const entry = Buffer.concat([length, Buffer.from(name, 'latin1')]);
  const at = blob.indexOf(entry);
  if (at < 0 || blob.indexOf(entry, at + 1) >= 0) throw new Error(`not one asset ${name}`);
  const start = at + entry.length + 8;
  return blob.subarray(start, start + Number(blob.readBigUInt64LE(start - 8)));
}
