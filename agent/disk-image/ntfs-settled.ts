// Whether an NTFS volume is what Windows will see when it mounts it: a log that is open is played back first, which changes files, and a table of
// capital letters that is not the usual one finds other files by their names. Sources: ntfs-3g layout.h, logfile.h, logfile.c.
import { cannotBeRead, type ImageBytes } from './image-bytes.ts';
import { ATTRIBUTE } from './ntfs-record.ts';
import { dataPart, placeBytes } from './ntfs-runs.ts';
import type { NtfsShape } from './ntfs-shape.ts';
import type { RecordTable } from './ntfs-table.ts';
import { readExtents } from './read-extents.ts';

const LOG_RECORD = 2;
const UPCASE_RECORD = 10;

/** Faults: DISK-03, DISK-09 a volume that was not closed, or with letters of its own. */
export async function requireSettled(image: ImageBytes, table: RecordTable, shape: NtfsShape): Promise<void> {
  const bad = (what: string, expected: string, found: string) =>
    cannotBeRead(image, `${shape.where}, ${what}`, expected, found);
  for (const at of RESTART_PLACES) {
    const page = await systemBytes(image, table, shape, { record: LOG_RECORD, at, length: RESTART_BYTES });
    if (page !== undefined && isOpen(page))
      throw bad('$LogFile', 'a volume that was closed', 'changes that Windows would make when it mounts it');
  }
  const letters = await systemBytes(image, table, shape, {
    record: UPCASE_RECORD,
    at: 0,
    length: UPCASE_BYTES,
  });
  if (letters === undefined) throw bad('$UpCase', `${UPCASE_BYTES} bytes`, 'fewer');
  const other = otherLetter(letters);
  if (other !== undefined)
    throw bad('$UpCase', 'the capital letters of Windows', `another for U+${other.toString(16)}`);
}

/** The first two pages begin the log; how large its pages are it says itself, a power of two. */
const RESTART_PLACES: readonly number[] = [0, 512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536];
const RESTART_BYTES = 512;
const NO_CLIENT = 0xffff;
const CLOSED = 2;

/** RESTART_PAGE_HEADER, RESTART_AREA: open is a log with a client, unless it says that the volume was closed. */
function isOpen(page: Buffer): boolean {
  const mark = page.toString('latin1', 0, 4);
  if (mark !== 'RSTR') return false;
  const area = page.readUInt16LE(24);
  if (area + 16 > RESTART_BYTES) return true;
  return page.readUInt16LE(area + 12) !== NO_CLIENT && (page.readUInt16LE(area + 14) & CLOSED) === 0;
}

const UPCASE_BYTES = 65_536 * 2;

/** @returns a letter of ASCII whose capital is not its own, or another letter whose capital is one of ASCII. */
function otherLetter(letters: Buffer): number | undefined {
  for (let letter = 0; letter < 65_536; letter += 1) {
    const capital = letters.readUInt16LE(letter * 2);
    const expected = letter >= 0x61 && letter <= 0x7a ? letter - 0x20 : letter;
    if (letter < 0x80 ? capital !== expected : capital < 0x80) return letter;
  }
  return undefined;
}

/** @returns undefined where the file is shorter. */
async function systemBytes(
  image: ImageBytes,
  table: RecordTable,
  shape: NtfsShape,
  { record, at, length }: { readonly record: number; readonly at: number; readonly length: number },
): Promise<Buffer | undefined> {
  const holder = await table.record(record);
  const attribute = holder?.attributes.find(each => each.type === ATTRIBUTE.data && !each.named);
  if (attribute === undefined) return undefined;
  const part = dataPart(attribute, shape);
  const bytes = 'broken' in part ? part : placeBytes([part], shape);
  if ('broken' in bytes)
    throw cannotBeRead(image, `${shape.where}, record ${record}`, 'its bytes', bytes.broken);
  if (at + length > bytes.size) return undefined;
  return readExtents(image, bytes.extents, at, length, shape.where);
}
