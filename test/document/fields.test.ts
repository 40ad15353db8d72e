import { expect, test } from 'vitest';
import { serverUrl, sourceAddress } from '../../agent/document/fields.ts';

test.each(['http://host:99999/x', 'https://[::1/x', 'http://a b/', 'https://host%/'])(
  '%s is no address, though it looks like one',
  text => {
    expect(serverUrl.safeParse(text).success).toBe(false);
    expect(sourceAddress.safeParse(text).success).toBe(false);
  },
);

test.each([
  'volume:',
  'volume:/dp',
  'volume:USB/../dp',
  'volume:USB/dp/..',
  'volume:USB\\dp',
  'volume:USB//dp',
  'volume:../x',
  'volume:USB/C:/x',
  `volume:${'a'.repeat(33)}`,
])('%s names no volume', text => {
  expect(sourceAddress.safeParse(text).success).toBe(false);
});

test.each([
  'http://host:65535/x',
  'https://[::1]:8443/a%20b',
  '\\\\server\\share',
  '/srv/point',
  'D:\\point',
  'volume:USB CACHE',
  'volume:PRESTAGE/dp/content of ours',
])('%s is one', text => {
  expect(sourceAddress.safeParse(text).success).toBe(true);
});
