// How a file looks from outside: what a look can tell of a change without reading. Size, time of the last write, time of the last change of
// anything (ctime on Linux, ChangeTime on NTFS and ReFS), and which file it is (inode, file ID). Tools set the time of the last write back
// (archives, robocopy); nothing but a change of the machine's clock sets the time of the last change.
import { type BigIntStats, lstatSync } from 'node:fs';

/** The numbers of a look: size, last write, last change, which file. Unsigned 64 bits each, so that tables of them are exact. */
export const LOOK_NUMBERS = 4;

/** Writes the numbers of a look into a table, from `at` on: a table of plain numbers is a tenth of the memory of as many results of lstat. */
export function writeLook(stats: BigIntStats, table: BigUint64Array, at: number): void {
  table[at] = stats.size;
  table[at + 1] = BigInt.asUintN(64, stats.mtimeNs);
  table[at + 2] = BigInt.asUintN(64, changedNs(stats));
  table[at + 3] = BigInt.asUintN(64, stats.ino);
}

/** The file's stamp, as text. Two looks with the same stamp saw the same file, written last at the same moment. */
export function stampOf(stats: BigIntStats): string {
  const look = new BigUint64Array(LOOK_NUMBERS);
  writeLook(stats, look, 0);
  return look.join('-');
}

/** @returns the stamp of what lies at `path`, links not followed; undefined when nothing does. Throws what node:fs throws. */
export function lookAtStamp(path: string): string | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? undefined : stampOf(stats);
}

/** When anything of the file was changed last, in nanoseconds; its last write where the file system knows nothing else (FAT). */
export function changedNs(stats: Pick<BigIntStats, 'ctimeNs' | 'mtimeNs'>): bigint {
  return stats.ctimeNs > 0n ? stats.ctimeNs : stats.mtimeNs;
}

/** Clocks of file systems tick: 4 to 16 ms on the usual ones. */
const FINE_TICK_NS = 100_000_000n;

/** FAT counts in two seconds, and some servers in whole ones. */
const COARSE_TICK_NS = 2_100_000_000n;
const SECOND_NS = 1_000_000_000n;

/**
 * Whether a change after `momentNs` would certainly give another time than `changed`: not when that time is about the moment itself, for two
 * writes within one tick have the same. (What git calls racily clean.) Both are times of the same file system.
 */
export function isSettled(changed: bigint, momentNs: bigint): boolean {
  return changed < momentNs - (changed % SECOND_NS === 0n ? COARSE_TICK_NS : FINE_TICK_NS);
}
