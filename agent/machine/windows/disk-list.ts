// Reads what diskpart's `list disk` prints. Pure. Only what is the same in every language is leaned on: the rule of dashes under the
// headings, the order of the columns (name and number, status, size, free), digits, and the letter that multiplies a size.
// Source: Microsoft, "list" of diskpart (learn.microsoft.com/windows-server/administration/windows-commands/list).
import type { Disk } from '../machine.ts';

/**
 * "  Disk 0    Online          476 GB  1024 KB        *"; a star before it marks the selected disk. French prints "465 G octets", Russian
 * "465 Gбайт" and "0 байт": a letter that multiplies is one with the word for bytes, or its beginning, behind it.
 */
const ROW = /^\D*(\d+)(\D+)(\d+)\s*(?:([KMGTPКМГТП])(?=\s*\p{L}))?/iu;

/** By their place: 1024, 1024², ...; in Latin and in Cyrillic letters. */
const MULTIPLIERS = ['KMGTP', 'КМГТП'];

/** The same in English, German, Dutch, Polish and more; where it is another word, nothing is claimed. */
const STATES: Readonly<Record<string, boolean>> = { online: true, offline: false };

/** @param output of `list disk`, decoded. @returns the disks in the order printed; none when diskpart says that there are none. */
export function decodeDisks(output: string): readonly Disk[] {
  const lines = output.split(/\r?\n/);
  const rule = lines.findIndex(line => /^\s*-{3,}(\s+-{3,}){3,}\s*$/.test(line));
  if (rule < 0) return [];
  return lines.slice(rule + 1).flatMap(line => {
    const [, number, between = '', size, letter = ''] = ROW.exec(line) ?? [];
    if (number === undefined || size === undefined) return [];
    const status =
      between
        .trim()
        .split(/\s{2,}/)
        .at(-1) ?? '';
    const online = STATES[status.toLowerCase()];
    const sizeBytes = Number(size) * multiplier(letter.toUpperCase());
    return [{ number: Number(number), sizeBytes, ...(online === undefined ? {} : { online }) }];
  });
}

function multiplier(letter: string): number {
  const power = letter === '' ? 0 : Math.max(0, ...MULTIPLIERS.map(letters => letters.indexOf(letter) + 1));
  return 1024 ** power;
}
