// Bytes per second as an admin writes them: `20 Mbit/s`, `2.5 MB/s`.

/** Powers of ten, as networks count (IEC 80000-13). */
const BYTES: Readonly<Record<string, number>> = {
  'kbit/s': 125,
  'Mbit/s': 125_000,
  'Gbit/s': 125_000_000,
  'kB/s': 1000,
  'KB/s': 1000,
  'MB/s': 1_000_000,
  'GB/s': 1_000_000_000,
};

/** The form; what it says must be at least `LEAST_BYTES_PER_SECOND`, too. */
export const BYTE_RATE = /^(\d{1,6}(?:\.\d{1,3})?) ?([kMG]bit\/s|[kKMG]B\/s)$/;

/** 64 kbit/s, a single ISDN channel: with less no request for a chunk ends in a reasonable time. */
export const LEAST_BYTES_PER_SECOND = 8000;

/** @returns bytes per second; undefined for what is no rate, or too low to be meant. */
export function byteRateOf(text: string): number | undefined {
  const [, amount = '', unit = ''] = BYTE_RATE.exec(text.trim()) ?? [];
  const rate = Number(amount) * (BYTES[unit] ?? 0);
  return rate >= LEAST_BYTES_PER_SECOND ? rate : undefined;
}
