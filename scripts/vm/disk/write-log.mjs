// One file with everything that a disk was told, in the order in which it was told: writes with their bytes, flushes, and marks of what happened
// beside it. It is streamed, so a run of any length needs no memory for its bytes, and what a killed run has left can be read up to its last whole record.
//
// The file: `PRESTAGE-DISK-1\n`, the disk's size; then records of a header and their bytes. All numbers little-endian; places and times as
// doubles, which are exact up to 2^53.
import { closeSync, ftruncateSync, openSync, readSync, writevSync } from 'node:fs';

const MAGIC = Buffer.from('PRESTAGE-DISK-1\n');
const OPENING_BYTES = MAGIC.length + 8;
/** kind, FUA, the mark of a record, length, offset, milliseconds */
const HEADER_BYTES = 24;
const RECORD_MARK = 0x5250;
const KINDS = [undefined, 'write', 'zeroes', 'flush', 'mark'];

/** Opens a log for a disk of `sizeBytes`; one that is there is replaced. */
export function createWriteLog(file, sizeBytes) {
  const handle = openSync(file, 'w+');
  const started = performance.now();
  let end = 0;

  function append(kind, { offset = 0, length = 0, fua = false, bytes = [] }) {
    const timeMs = performance.now() - started;
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt8(KINDS.indexOf(kind), 0);
    header.writeUInt8(fua ? 1 : 0, 1);
    header.writeUInt16LE(RECORD_MARK, 2);
    header.writeUInt32LE(length, 4);
    header.writeDoubleLE(offset, 8);
    header.writeDoubleLE(timeMs, 16);
    const at = end + HEADER_BYTES;
    end = writeAll(handle, [header, ...bytes], end);
    return { kind, offset, length, fua, at, timeMs };
  }

  function begin() {
    const opening = Buffer.alloc(OPENING_BYTES);
    MAGIC.copy(opening);
    opening.writeDoubleLE(sizeBytes, MAGIC.length);
    end = writeAll(handle, [opening], 0);
  }

  begin();
  return {
    handle,
    /** `pieces`: the bytes, in as many buffers as they came in. */
    write: (offset, length, pieces, fua) => append('write', { offset, length, fua, bytes: pieces }),
    zeroes: (offset, length, fua) => append('zeroes', { offset, length, fua }),
    flush: () => append('flush', {}),
    mark(text) {
      const bytes = Buffer.from(text);
      return append('mark', { length: bytes.length, bytes: [bytes] });
    },
    /** Everything so far is of no more use: the file begins anew, and its entries with it. */
    forget() {
      ftruncateSync(handle, 0);
      begin();
    },
    close: () => closeSync(handle),
  };
}

/** pwritev may write less than it was given, on a signal or a full disk. @returns where the bytes end */
function writeAll(handle, buffers, position) {
  const length = buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
  let done = writevSync(handle, buffers, position);
  if (done === length) return position + length;
  const whole = Buffer.concat(buffers);
  while (done < length) done += writevSync(handle, [whole.subarray(done)], position + done);
  return position + length;
}

/** Reads the entries of a log, without the bytes of its writes: those lie at `at`. Throws where the file is no such log. */
export function readWriteLog(file) {
  const handle = openSync(file, 'r');
  try {
    const bytesAt = windowOver(handle);
    const opening = bytesAt(0, OPENING_BYTES);
    if (opening === undefined || !opening.subarray(0, MAGIC.length).equals(MAGIC))
      throw new Error(`${file} is no log of a disk`);
    const sizeBytes = opening.readDoubleLE(MAGIC.length);
    const entries = [];
    let position = OPENING_BYTES;
    for (;;) {
      const header = bytesAt(position, HEADER_BYTES);
      if (header === undefined) return { file, sizeBytes, entries };
      const kind = KINDS[header.readUInt8(0)];
      if (kind === undefined || header.readUInt16LE(2) !== RECORD_MARK)
        throw new Error(`${file} is damaged: no record begins at byte ${position}`);
      const at = position + HEADER_BYTES;
      const entry = {
        kind,
        offset: header.readDoubleLE(8),
        length: header.readUInt32LE(4),
        fua: header.readUInt8(1) === 1,
        at,
        timeMs: header.readDoubleLE(16),
      };
      const dataBytes = kind === 'write' || kind === 'mark' ? entry.length : 0;
      // The last record of a run that was killed may lack its end: nobody was told that it is there.
      if (dataBytes > 0 && bytesAt(at + dataBytes - 1, 1) === undefined) return { file, sizeBytes, entries };
      if (kind === 'mark') entry.text = bytesAt(at, dataBytes).toString();
      entries.push(entry);
      position = at + dataBytes;
    }
  } finally {
    closeSync(handle);
  }
}

/** @returns a function that reads `length` bytes at a place, or undefined beyond the end; many small reads cost few of the system's. */
function windowOver(handle) {
  let from = 0;
  let window = Buffer.alloc(0);
  return (position, length) => {
    if (position < from || position + length > from + window.length) {
      const wanted = Buffer.allocUnsafe(Math.max(length, 4096));
      const found = readSync(handle, wanted, 0, wanted.length, position);
      from = position;
      window = wanted.subarray(0, found);
    }
    if (position + length > from + window.length) return undefined;
    return window.subarray(position - from, position - from + length);
  };
}
