// The index of a pack: which units each of its frames holds. It is not trusted: everything in it is held against the manifest before it is used, and what
// the frames hold is proven unit by unit.
//
// One zstd frame of this, numbers little-endian:
//
//   offset 0   8 bytes  magic `PSTGPACK`
//          8   u32      version, 1
//         12   u32      number of units of the version
//         16   u64      length of the pack in bytes
//         24   u32      number of frames, which lie in the pack one behind the other
//         28   frames:  u32 length in the pack, u32 length of its bytes, u32 runs, u32 segments of its dictionary,
//                       runs of units: u32 first unit, u32 how many,
//                       segments: u32 file of the older version, u64 offset in it, u32 length,
//                       and where there are segments the 32 bytes SHA-256 of the dictionary
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { Fault } from '../fault/fault.ts';
import { MAX_CHUNK_BYTES } from './chunking.ts';

const MAGIC = Buffer.from('PSTGPACK', 'latin1');
const VERSION = 1;
const HEADER_BYTES = 28;
const FRAME_BYTES = 16;
const RUN_BYTES = 8;
const SEGMENT_BYTES = 16;
const DIGEST_BYTES = 32;

/** No frame holds more bytes: readers size buffers by it. */
export const MAX_FRAME_BYTES = 1024 * 1024;

/** No dictionary is longer. */
export const MAX_DICTIONARY_BYTES = 4 * 1024 * 1024;

/** Of one dictionary: as many as small files fill a frame. */
const MAX_SEGMENTS = 4096;

/** A reader's memory for one frame: a frame of that many bytes and its dictionary fit in a window of this size. */
export const MAX_WINDOW_LOG = 23;

const INDEX_LEVEL = 9;

/** Units `[first, first + count)`. */
export interface UnitRun {
  readonly first: number;
  readonly count: number;
}

/** Bytes of a file of the older version, counted as in its manifest. */
export interface DictionarySegment {
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}

/** Segments of the older version's files, one behind the other; `sha256` (32 bytes) is of all of them. */
export interface FrameDictionary {
  readonly segments: readonly DictionarySegment[];
  readonly sha256: Uint8Array;
}

export interface PackFrame {
  /** Where it begins in the pack, and how long it is there. */
  readonly offset: number;
  readonly packedBytes: number;
  /** The bytes of its units, one behind the other. */
  readonly rawBytes: number;
  readonly runs: readonly UnitRun[];
  readonly dictionary?: FrameDictionary;
}

export interface PackIndex {
  readonly packBytes: number;
  readonly frames: readonly PackFrame[];
}

/** What an index is held against. */
export interface ExpectedPack {
  /** For faults: the pack's path. */
  readonly subject: string;
  readonly units: number;
  /** undefined where only an index that is not at hand could tell. */
  readonly lengthOf: (unit: number) => number | undefined;
  /** Sizes of the older version's files; without them no frame may have a dictionary. */
  readonly olderSizes?: readonly number[];
}

/** @returns the encoded index of frames that lie one behind the other. */
export function encodePackIndex(units: number, frames: readonly Omit<PackFrame, 'offset'>[]): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(VERSION, 8);
  header.writeUInt32LE(units, 12);
  header.writeBigUInt64LE(BigInt(frames.reduce((sum, frame) => sum + frame.packedBytes, 0)), 16);
  header.writeUInt32LE(frames.length, 24);
  return zstdCompressSync(Buffer.concat([header, ...frames.map(encodeFrame)]), {
    params: { [constants.ZSTD_c_compressionLevel]: INDEX_LEVEL },
  });
}

function encodeFrame({ packedBytes, rawBytes, runs, dictionary }: Omit<PackFrame, 'offset'>): Buffer {
  const segments = dictionary?.segments ?? [];
  const bytes = Buffer.alloc(frameBytes(runs.length, segments.length));
  [packedBytes, rawBytes, runs.length, segments.length].forEach((value, n) => {
    bytes.writeUInt32LE(value, n * 4);
  });
  let at = FRAME_BYTES;
  for (const { first, count } of runs) {
    bytes.writeUInt32LE(first, at);
    bytes.writeUInt32LE(count, at + 4);
    at += RUN_BYTES;
  }
  for (const { file, offset, length } of segments) {
    bytes.writeUInt32LE(file, at);
    bytes.writeBigUInt64LE(BigInt(offset), at + 4);
    bytes.writeUInt32LE(length, at + 12);
    at += SEGMENT_BYTES;
  }
  if (dictionary !== undefined) bytes.set(dictionary.sha256, at);
  return bytes;
}

/** @returns how long an index of a version of so many units may be, encoded or not. Each frame has a unit, each run as well. */
export function maxPackIndexBytes(units: number): number {
  const perUnit = FRAME_BYTES + RUN_BYTES + SEGMENT_BYTES + DIGEST_BYTES;
  return HEADER_BYTES + (units + 1) * perUnit;
}

/** Fault TRUST-17 with the first thing in it that cannot be. */
export function decodePackIndex(encoded: Uint8Array, expected: ExpectedPack): PackIndex {
  const { subject, units } = expected;
  const refuse = refusal(subject);
  const reader = openReader(inflate(encoded, maxPackIndexBytes(units), refuse), refuse);
  if (!reader.bytes(MAGIC.length).equals(MAGIC)) throw refuse('form', 'a pack index', 'something else');
  same(refuse, 'version', VERSION, reader.u32());
  same(refuse, 'units', units, reader.u32());
  const packBytes = reader.u64();
  const count = reader.u32();
  if (count > units) throw refuse('frames', `at most ${units}`, count);
  const seen = new Uint8Array(units);
  const frames: PackFrame[] = [];
  let offset = 0;
  for (let frame = 0; frame < count; frame++) {
    const decoded = readFrame(reader, { ...expected, refuse: refusal(subject, frame), seen });
    frames.push({ ...decoded, offset });
    offset += decoded.packedBytes;
  }
  same(refuse, 'length of the pack', packBytes, offset);
  reader.end();
  return { packBytes, frames };
}

type Refuse = (field: string, expected: string | number, found: string | number) => Fault;

interface FrameRules extends ExpectedPack {
  readonly refuse: Refuse;
  /** Units that earlier frames hold. */
  readonly seen: Uint8Array;
}

function readFrame(reader: Reader, rules: FrameRules): Omit<PackFrame, 'offset'> {
  const { refuse } = rules;
  const packedBytes = within(refuse, 'length of a frame', reader.u32(), 1, MAX_FRAME_BYTES * 2);
  const rawBytes = within(refuse, 'bytes in a frame', reader.u32(), 1, MAX_FRAME_BYTES);
  const runCount = within(refuse, 'runs of a frame', reader.u32(), 1, rules.units);
  const segmentCount = within(refuse, 'segments of a dictionary', reader.u32(), 0, MAX_SEGMENTS);
  reader.require(frameBytes(runCount, segmentCount) - FRAME_BYTES);
  const runs = Array.from({ length: runCount }, () => readRun(reader, rules));
  const known = bytesOfRuns(runs, rules.lengthOf);
  if (known !== undefined) same(refuse, 'bytes in a frame', known, rawBytes);
  if (segmentCount === 0) return { packedBytes, rawBytes, runs };
  const segments = Array.from({ length: segmentCount }, () => readSegment(reader, rules));
  const length = segments.reduce((sum, segment) => sum + segment.length, 0);
  within(refuse, 'length of a dictionary', length, 1, MAX_DICTIONARY_BYTES);
  return {
    packedBytes,
    rawBytes,
    runs,
    dictionary: { segments, sha256: Uint8Array.from(reader.bytes(DIGEST_BYTES)) },
  };
}

function readRun(reader: Reader, { refuse, units, seen }: FrameRules): UnitRun {
  const first = within(refuse, 'first unit', reader.u32(), 0, units - 1);
  const count = within(refuse, 'units of a run', reader.u32(), 1, units - first);
  if (seen.subarray(first, first + count).includes(1)) throw refuse('unit', 'in one frame only', first);
  seen.fill(1, first, first + count);
  return { first, count };
}

function readSegment(reader: Reader, { refuse, olderSizes }: FrameRules): DictionarySegment {
  const [file, offset, length] = [reader.u32(), reader.u64(), reader.u32()];
  const size = olderSizes?.[file];
  if (size === undefined) throw refuse('file of a dictionary', 'a file of the older version', file);
  within(refuse, 'length of a segment', length, 1, MAX_DICTIONARY_BYTES);
  within(refuse, 'end of a segment', offset + length, 1, size);
  return { file, offset, length };
}

/** @returns undefined where a length is not known. */
export function bytesOfRuns(
  runs: readonly UnitRun[],
  lengthOf: ExpectedPack['lengthOf'],
): number | undefined {
  let bytes = 0;
  for (const { first, count } of runs) {
    for (let unit = first; unit < first + count; unit++) {
      const length = lengthOf(unit);
      if (length === undefined) return undefined;
      bytes += length;
      // Enough to be refused, whatever follows.
      if (bytes > MAX_FRAME_BYTES + MAX_CHUNK_BYTES) return bytes;
    }
  }
  return bytes;
}

function inflate(encoded: Uint8Array, maxBytes: number, refuse: Refuse): Buffer {
  if (encoded.length > maxBytes) throw refuse('length of the index', `at most ${maxBytes}`, encoded.length);
  try {
    return zstdDecompressSync(encoded, {
      maxOutputLength: maxBytes,
      params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG },
    });
  } catch (cause) {
    throw refuse('index', `zstd of at most ${maxBytes} bytes`, String(cause));
  }
}

interface Reader {
  u32(): number;
  /** Fault for more than Number can tell exactly. */
  u64(): number;
  bytes(length: number): Buffer;
  require(length: number): void;
  /** Nothing may follow. */
  end(): void;
}

function openReader(buffer: Buffer, refuse: Refuse): Reader {
  let at = 0;
  const take = (length: number): number => {
    reader.require(length);
    at += length;
    return at - length;
  };
  const reader: Reader = {
    u32: () => buffer.readUInt32LE(take(4)),
    u64() {
      const value = buffer.readBigUInt64LE(take(8));
      if (value > BigInt(Number.MAX_SAFE_INTEGER))
        throw refuse('number', `at most ${Number.MAX_SAFE_INTEGER}`, String(value));
      return Number(value);
    },
    bytes(length) {
      const from = take(length);
      return buffer.subarray(from, from + length);
    },
    require(length) {
      if (buffer.length - at < length)
        throw refuse('length of the index', `at least ${at + length}`, buffer.length);
    },
    end: () => same(refuse, 'length of the index', at, buffer.length),
  };
  return reader;
}

function frameBytes(runs: number, segments: number): number {
  return FRAME_BYTES + runs * RUN_BYTES + (segments === 0 ? 0 : segments * SEGMENT_BYTES + DIGEST_BYTES);
}

function within(refuse: Refuse, field: string, found: number, least: number, most: number): number {
  if (found < least || found > most) throw refuse(field, `${least} to ${most}`, found);
  return found;
}

function same(refuse: Refuse, field: string, expected: number, found: number): void {
  if (found !== expected) throw refuse(field, expected, found);
}

function refusal(subject: string, frame?: number): Refuse {
  return (field, expected, found) =>
    new Fault('TRUST-17', subject, { field, ...(frame === undefined ? {} : { frame }), expected, found });
}
