// Writes a depot's receipt into a raw disk image, onto its EFI system partition, without mounting it: by mtools, then read back.
import type { DiskImage } from '../disk-image/disk-image.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import type { HostTools } from '../machine/host-tools.ts';
import { receiptOnEsp } from '../media/media-paths.ts';
import { RECEIPT_MAX_BYTES } from '../media/receipt.ts';
import { openAppliedImage } from './applied-image.ts';
import type { SignedReceipt } from './receipt.ts';

export interface ImageReceiptWorld {
  readonly hostTools: HostTools;
  readonly durable: Pick<DurableFiles, 'openPartial'>;
  readonly signal?: AbortSignal;
}

/**
 * Replaces an earlier receipt; durable when it resolves. Cut in the middle, the receipt is not believed, and the disk is proven once more.
 * Faults: DISK-02 an image without an EFI system partition, DISK-05 with the words of the tool, USAGE-10 a name that mtools does not take, USAGE-20 no mtools, STOP-01.
 * @returns the path on the ESP.
 */
export async function layReceiptIntoImage(
  { bytes, signature }: Pick<SignedReceipt, 'bytes' | 'signature'>,
  { file, partitions, esp }: Pick<DiskImage, 'file' | 'partitions' | 'esp'>,
  { hostTools, durable, signal }: ImageReceiptWorld,
): Promise<string> {
  const partition = partitions.find(({ number }) => number === esp?.partition);
  if (partition === undefined)
    throw new Fault('DISK-02', file, {
      expected: 'an EFI system partition, on which a receipt can be written',
      found: 'none; --receipt-out FILE writes it for the records alone',
    });
  // mtools takes the first @@ for the end of the name, and would write into another file.
  if (file.includes('@@'))
    throw new Fault('USAGE-10', file, { expected: 'a name of the disk image without @@' });
  const at = ['-i', `${file}@@${partition.offset}`];
  const place = receiptOnEsp('');
  const mtools = (...name: readonly string[]) => `::/${name.join('/')}`;
  // A folder that is there already is a failure to mmd, told or not: copying into it shows whether there is one.
  await hostTools.run('mmd', [...at, '-D', 's', mtools('EFI'), mtools('EFI', 'Prestage')], {
    ...(signal && { signal }),
  });
  for (const [name, input] of [
    [place.receipt, bytes],
    [place.signature, signature],
  ] as const) {
    const args = [...at, '-D', 'o', '-', mtools(...name.split(/[\\/]/))];
    const { exitCode, stderr } = await hostTools.run('mcopy', args, { input, ...(signal && { signal }) });
    if (exitCode !== 0)
      throw new Fault('DISK-05', file, { operation: 'write the receipt', native: `mcopy: ${stderr.trim()}` });
  }
  const written = await durable.openPartial(file);
  try {
    await written.flush();
  } finally {
    await written.close();
  }
  await requireReadBack(file, place.receipt, bytes);
  await requireReadBack(file, place.signature, signature);
  return place.receipt;
}

async function requireReadBack(file: string, name: string, expected: Uint8Array): Promise<void> {
  const tree = await openAppliedImage(file);
  try {
    const found = await tree.read({ part: 'esp', path: name.replaceAll('\\', '/') }, RECEIPT_MAX_BYTES);
    if (found === undefined || !Buffer.from(found).equals(expected))
      throw new Fault('DISK-03', file, { operation: 'read the receipt back', path: name });
  } finally {
    await tree.close();
  }
}
