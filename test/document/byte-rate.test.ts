import { expect, test } from 'vitest';
import { byteRateOf } from '../../agent/document/byte-rate.ts';

test.each([
  ['20 Mbit/s', 2_500_000],
  ['2.5 MB/s', 2_500_000],
  ['512kbit/s', 64_000],
  ['1 Gbit/s', 125_000_000],
  [' 750 KB/s ', 750_000],
  ['64 kbit/s', 8000],
])('%s is %i bytes per second', (text, bytes) => {
  expect(byteRateOf(text)).toBe(bytes);
});

test.each([
  '',
  '20',
  '20 Mbit',
  '20 mbit/s',
  '-1 MB/s',
  '0 MB/s',
  '1 kB/s',
  '1e3 MB/s',
  '2,5 MB/s',
  '1234567 MB/s',
])('%j is no rate', text => {
  expect(byteRateOf(text)).toBeUndefined();
});
