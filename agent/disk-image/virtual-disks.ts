// Images that are not raw: told by their first bytes and refused with the command that converts them.
// Sources: MS-VHDX 2.2.1; Virtual Hard Disk Image Format Specification (footer); QEMU docs/interop/qcow2.rst, vdi.c; VMDK 5.0.
import { Fault } from '../fault/fault.ts';
import { type ImageBytes, openImageBytes } from './image-bytes.ts';

/** `format` is what qemu-img calls it. */
const KINDS: readonly {
  readonly name: string;
  readonly format?: string;
  readonly at: number;
  readonly magic: Buffer;
}[] = [
  { name: 'a VHDX', format: 'vhdx', at: 0, magic: Buffer.from('vhdxfile') },
  { name: 'a VHD', format: 'vpc', at: 0, magic: Buffer.from('conectix') },
  { name: 'a qcow2', format: 'qcow2', at: 0, magic: Buffer.from('QFI\xfb', 'latin1') },
  { name: 'a VMDK', format: 'vmdk', at: 0, magic: Buffer.from('KDMV') },
  { name: 'a VMDK', format: 'vmdk', at: 0, magic: Buffer.from('# Disk DescriptorFile') },
  { name: 'a VDI', format: 'vdi', at: 64, magic: Buffer.from('7f10dabe', 'hex') },
  { name: 'a WIM, which is not applied yet', at: 0, magic: Buffer.from('MSWIM\0\0\0') },
  { name: 'a WIM, which is not applied yet', at: 0, magic: Buffer.from('WLPWM\0\0\0') },
];

/** @returns whether a file is to be opened as a disk image, if only to be refused as another kind of one. Faults: USAGE-08, DISK-03. */
export async function looksLikeDiskImage(file: string): Promise<boolean> {
  const image = await openImageBytes(file);
  try {
    const head = await image.read(0, Math.min(image.size, 512), 'the first bytes');
    const kind = kindOf(head);
    if (kind !== undefined) return kind.format !== undefined;
    return head.length === 512 && head.readUInt16LE(510) === 0xaa55;
  } finally {
    await image.close();
  }
}

/** Faults: DISK-09 with the kind and the command. */
export async function refuseVirtualDisk(image: ImageBytes): Promise<void> {
  const head = await image.read(0, Math.min(image.size, 128), 'the first bytes');
  const kind = kindOf(head);
  if (kind !== undefined) refuse(image, kind.name, kind.format);
  // A fixed VHD is raw but for its footer.
  if (image.size < 512) return;
  const footer = await image.read(image.size - 512, 8, 'the last sector');
  if (footer.toString('latin1') === 'conectix') refuse(image, 'a fixed VHD', 'vpc');
}

function kindOf(head: Buffer): (typeof KINDS)[number] | undefined {
  return KINDS.find(({ at, magic }) => head.subarray(at, at + magic.length).equals(magic));
}

function refuse({ file }: ImageBytes, found: string, format: string | undefined): never {
  throw new Fault('DISK-09', file, {
    expected: 'a raw disk image',
    found,
    ...(format !== undefined && {
      command: `qemu-img convert -f ${format} -O raw "${file}" "${file.replace(/\.[^./\\]*$/, '')}.img"`,
    }),
  });
}
