// What stands inside the packs of method `files`, before encryption: one stream of frames. A frame is its kind (1 byte), the length of its payload
// (4 bytes, little-endian) and the payload: JSON, or the bytes of a file. Nothing is believed that was not checked here.
import { z } from 'zod';
import { sha256Text } from '../content/manifest.ts';
import { checkManifestPath } from '../content/manifest-path.ts';
import { Fault } from '../fault/fault.ts';

/** Most bytes of one payload. */
export const FRAME_MAX_BYTES = 1024 * 1024;
const HEADER_BYTES = 5;

const profile = z
  .string()
  .refine(name => !name.includes('/') && checkManifestPath(name) === undefined, 'the name of a profile');
const relative = z
  .string()
  .max(32_767)
  .refine(name => checkManifestPath(name) === undefined, 'a path that stays in the profile');
const count = z.int().min(0);
/** Milliseconds since 1970, within what NTFS and JavaScript both can say: from 1601 to the year 30828. */
const EARLIEST = -11_644_473_600_000;
const LATEST = 910_692_730_085_000;
const time = z.int().min(EARLIEST).max(LATEST);

const PAYLOADS = {
  /** A file begins; its bytes follow in data frames. */
  file: z.strictObject({ profile, path: relative, modified: time }),
  'file-end': z.strictObject({ size: count, sha256: sha256Text, changed: z.literal(true).optional() }),
  /** It could not be read to its end: nothing of it counts. */
  'file-dropped': z.strictObject({ reason: z.string() }),
  folder: z.strictObject({ profile, path: relative }),
  /** It exists on the old computer and is not here. */
  'left-out': z.strictObject({ profile: z.string(), path: z.string(), reason: z.string() }),
  end: z.strictObject({ files: count, folders: count, bytes: count, leftOut: count }),
} as const;

type PayloadKind = keyof typeof PAYLOADS;

/** Numbers on disk; never reused. */
const NUMBERS: Readonly<Record<PayloadKind | 'data', number>> = {
  file: 1,
  data: 2,
  'file-end': 3,
  'file-dropped': 4,
  folder: 5,
  'left-out': 6,
  end: 7,
};

export type Frame =
  | {
      readonly [K in PayloadKind]: { readonly kind: K } & Readonly<z.infer<(typeof PAYLOADS)[K]>>;
    }[PayloadKind]
  | { readonly kind: 'data'; readonly bytes: Uint8Array };

/** A file's time as a frame carries it; one that NTFS cannot say becomes the nearest that it can. */
export function storedTime(milliseconds: number): number {
  return Math.trunc(Math.min(LATEST, Math.max(EARLIEST, milliseconds)));
}

/** Header and payload of a frame. */
export function encodeFrame(frame: Frame): readonly Uint8Array[] {
  const payload = frame.kind === 'data' ? frame.bytes : encodePayload(frame);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(NUMBERS[frame.kind], 0);
  header.writeUInt32LE(payload.length, 1);
  return [header, payload];
}

/** @param pieces the stream, cut anywhere. Fault: STATE-01 for what is no frame, and for a stream that ends within one or without `end`. */
export async function* decodeFrames(
  pieces: AsyncIterable<Uint8Array>,
  subject: string,
): AsyncGenerator<Frame, void, void> {
  let rest: Buffer = Buffer.alloc(0);
  let ended = false;
  for await (const piece of pieces) {
    rest =
      rest.length === 0
        ? Buffer.from(piece.buffer, piece.byteOffset, piece.length)
        : Buffer.concat([rest, piece]);
    let at = 0;
    while (rest.length - at >= HEADER_BYTES) {
      const length = rest.readUInt32LE(at + 1);
      if (length > FRAME_MAX_BYTES || ended)
        throw damaged(subject, 'a frame', ended ? 'more after the end' : `${length} bytes`);
      if (rest.length - at < HEADER_BYTES + length) break;
      const frame = decodeFrame(
        rest.readUInt8(at),
        rest.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length),
        subject,
      );
      ended = frame.kind === 'end';
      yield frame;
      at += HEADER_BYTES + length;
    }
    rest = rest.subarray(at);
  }
  if (!ended || rest.length > 0) throw damaged(subject, 'a stream with an end', 'one that breaks off');
}

function encodePayload({ kind: _, ...payload }: Exclude<Frame, { readonly kind: 'data' }>): Uint8Array {
  return Buffer.from(JSON.stringify(payload), 'utf8');
}

function decodeFrame(number: number, payload: Uint8Array, subject: string): Frame {
  const kind = (Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]).find(name => NUMBERS[name] === number);
  if (kind === undefined) throw damaged(subject, 'a known frame', `kind ${number}`);
  if (kind === 'data') return { kind, bytes: payload };
  const parsed = PAYLOADS[kind].safeParse(parseOrUndefined(payload));
  if (!parsed.success)
    throw damaged(subject, `a ${kind} frame`, parsed.error.issues[0]?.message ?? 'another');
  // The schema was chosen by the kind, which the type system does not follow.
  return { kind, ...parsed.data } as Frame;
}

function parseOrUndefined(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch {
    // No JSON: the schema refuses undefined.
    return undefined;
  }
}

function damaged(subject: string, expected: string, found: string): Fault {
  return new Fault('STATE-01', subject, { expected, found });
}
