import { expect, test } from 'vitest';
import { connectionsOf } from '../../agent/distribution/host-connections.ts';
import { openTestSource } from '../support/sources.ts';

test('sources on one server share its connections, whatever their paths and ports; others have their own', () => {
  const rank = [
    'http://dp1/prestage',
    'https://DP1:8443/other',
    'http://dp1/SMS_DP_SMSPKG$',
    'http://dp2/',
    '/mnt/usb',
  ].map(url => openTestSource(url));
  const shares = (most: number) => rank.map(source => connectionsOf(source, rank, most));
  expect(shares(4)).toEqual([2, 1, 1, 4, 4]);
  expect(shares(9)).toEqual([3, 3, 3, 9, 9]);
  expect(shares(1)).toEqual([1, 1, 1, 1, 1]);
});
