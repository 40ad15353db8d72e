// What every sector of a disk may hold, kept sector by sector beside a disk under test: the judge of what it returns and of what a power cut leaves.
// A sector's content is a number, repeated; 0 is what an empty image holds.
import { readFileSync } from 'node:fs';
import type { Seeded } from '../support/seeded.ts';
import { FLUSH, FUA, type Request, TRIM, WRITE, WRITE_ZEROES } from './nbd-client.ts';

export const SECTOR = 512;

export interface SectorHistory {
  /** What was asked of the disk, and answered. */
  did(request: Request): void;
  /** What a read must find, sector by sector. */
  newest(sector: number): number;
  /** What must be there when everything unflushed is lost. */
  durable(sector: number): number;
  /** All that may be there after a power cut. */
  possible(sector: number): readonly number[];
}

export function sectorHistory(sectors: number): SectorHistory {
  const durable = new Array<number>(sectors).fill(0);
  const pending = Array.from({ length: sectors }, (): number[] => []);
  const newest = (sector: number): number => pending[sector]!.at(-1) ?? durable[sector]!;
  const settle = (sector: number, value: number): void => {
    durable[sector] = value;
    pending[sector] = [];
  };
  return {
    did({ command, offset = 0, length = 0, flags = 0, data }) {
      if (command === FLUSH)
        for (let sector = 0; sector < sectors; sector += 1) settle(sector, newest(sector));
      if (command !== WRITE && command !== TRIM && command !== WRITE_ZEROES) return;
      const contents = data === undefined ? undefined : contentsOf(data);
      const first = Number(offset) / SECTOR;
      for (let at = 0; at < (data?.length ?? length) / SECTOR; at += 1) {
        const value = contents?.[at] ?? 0;
        if (flags === FUA) settle(first + at, value);
        else pending[first + at]!.push(value);
      }
    },
    newest,
    durable: sector => durable[sector]!,
    possible: sector => [durable[sector]!, ...pending[sector]!],
  };
}

/** The number in each sector; NaN for one that is not of one piece. */
export function contentsOf(bytes: Uint8Array): readonly number[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / SECTOR }, (_, at) => {
    const sector = view.subarray(at * SECTOR, (at + 1) * SECTOR);
    return sector.subarray(4).equals(sector.subarray(0, -4)) ? sector.readUInt32LE() : Number.NaN;
  });
}

/** The same of an image file. */
export function contentsOfFile(file: string): readonly number[] {
  return contentsOf(readFileSync(file));
}

/** Sectors full of a number. */
export function filled(sectors: number, value: number): Buffer {
  const bytes = Buffer.alloc(sectors * SECTOR);
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(value, at);
  return bytes;
}

/** Sectors that tell the write they belong to, and their places in it. */
function numbered(sectors: number, write: number): Buffer {
  return Buffer.concat(Array.from({ length: sectors }, (_, at) => filled(1, write * 1024 + at)));
}

/** Something that a disk may be asked to change: mostly small writes near each other, so that they overlap; `write` tells it from others. */
export function drawChange(random: Seeded, sectors: number, write: number): Request {
  const kind = random.int(20);
  if (kind === 0) return { command: FLUSH };
  // Places around multiples of a mebibyte, and anywhere.
  const near = random.int(3) === 0 ? random.int(sectors) : 2048 - 20 + random.int(40);
  const length = 1 + random.int(random.int(10) === 0 ? 600 : 24);
  const first = Math.min(near, sectors - length);
  const flags = random.int(6) === 0 ? FUA : 0;
  const offset = first * SECTOR;
  if (kind < 3) return { command: kind === 1 ? TRIM : WRITE_ZEROES, offset, length: length * SECTOR, flags };
  return { command: WRITE, offset, data: numbered(length, write), flags };
}
