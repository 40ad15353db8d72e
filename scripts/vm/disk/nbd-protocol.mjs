// The numbers of the NBD protocol and the shape of its messages. Source: NetworkBlockDevice/nbd, doc/proto.md. All numbers are big-endian.

export const HANDSHAKE = { fixedNewstyle: 1, noZeroes: 2 };

export const OPTION = { exportName: 1, abort: 2, list: 3, info: 6, go: 7 };
export const OPTION_REPLY = {
  ack: 1,
  server: 2,
  info: 3,
  unsupported: 0x8000_0001,
  invalid: 0x8000_0003,
  unknown: 0x8000_0006,
  tooBig: 0x8000_0009,
};
export const INFO = { export: 0, blockSize: 3 };

export const COMMAND = { read: 0, write: 1, disconnect: 2, flush: 3, trim: 4, writeZeroes: 6 };
export const COMMAND_FLAG = { fua: 1, noHole: 2 };
export const ERROR = { io: 5, invalid: 22, noSpace: 28, shutdown: 108 };

/** HAS_FLAGS, SEND_FLUSH, SEND_FUA, SEND_TRIM, SEND_WRITE_ZEROES, CAN_MULTI_CONN: a flush counts for all connections. */
export const TRANSMISSION_FLAGS = 1 | 4 | 8 | 32 | 64 | 256;

/** Sizes of requests: at least, best, at most. The last is what proto.md has clients assume where nothing is said. */
export const BLOCK_BYTES = { least: 512, preferred: 4096, most: 32 * 1024 * 1024 };

const OPTION_MAGIC = Buffer.from('IHAVEOPT');
const OPTION_REPLY_MAGIC = 0x3e889045565a9n;
const REQUEST_MAGIC = 0x25609513;
const SIMPLE_REPLY_MAGIC = 0x67446698;

export const OPTION_HEADER_BYTES = 16;
export const REQUEST_BYTES = 28;

/** What a server says first. */
export function greeting() {
  const bytes = Buffer.alloc(18);
  bytes.write('NBDMAGIC', 0);
  OPTION_MAGIC.copy(bytes, 8);
  bytes.writeUInt16BE(HANDSHAKE.fixedNewstyle | HANDSHAKE.noZeroes, 16);
  return bytes;
}

/** @returns undefined where the bytes are no option */
export function decodeOption(bytes) {
  if (!bytes.subarray(0, 8).equals(OPTION_MAGIC)) return undefined;
  return { option: bytes.readUInt32BE(8), length: bytes.readUInt32BE(12) };
}

export function optionReply(option, reply, data = Buffer.alloc(0)) {
  const header = Buffer.alloc(20);
  header.writeBigUInt64BE(OPTION_REPLY_MAGIC, 0);
  header.writeUInt32BE(option, 8);
  header.writeUInt32BE(reply, 12);
  header.writeUInt32BE(data.length, 16);
  return Buffer.concat([header, data]);
}

/** Size and flags, as EXPORT_NAME is answered. */
export function exportAnswer(sizeBytes) {
  const bytes = Buffer.alloc(10);
  bytes.writeBigUInt64BE(BigInt(sizeBytes), 0);
  bytes.writeUInt16BE(TRANSMISSION_FLAGS, 8);
  return bytes;
}

export function exportInfo(sizeBytes) {
  const type = Buffer.alloc(2);
  type.writeUInt16BE(INFO.export);
  return Buffer.concat([type, exportAnswer(sizeBytes)]);
}

export function blockSizeInfo() {
  const bytes = Buffer.alloc(14);
  bytes.writeUInt16BE(INFO.blockSize, 0);
  bytes.writeUInt32BE(BLOCK_BYTES.least, 2);
  bytes.writeUInt32BE(BLOCK_BYTES.preferred, 6);
  bytes.writeUInt32BE(BLOCK_BYTES.most, 10);
  return bytes;
}

/** @returns undefined where the bytes are no request. `cookie` goes back with the answer. */
export function decodeRequest(bytes) {
  if (bytes.readUInt32BE(0) !== REQUEST_MAGIC) return undefined;
  const offset = bytes.readBigUInt64BE(16);
  return {
    flags: bytes.readUInt16BE(4),
    command: bytes.readUInt16BE(6),
    cookie: Buffer.from(bytes.subarray(8, 16)),
    // A place beyond every disk stays beyond it.
    offset: offset > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(offset),
    length: bytes.readUInt32BE(24),
  };
}

export function simpleReply(cookie, error = 0) {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(SIMPLE_REPLY_MAGIC, 0);
  bytes.writeUInt32BE(error, 4);
  cookie.copy(bytes, 8);
  return bytes;
}
