// Which addresses of a distribution point are taken, and how waits between attempts grow.
import { describe, expect, it } from 'vitest';
import { parseContentRange } from '../../agent/distribution/http/content-range.ts';
import { isWorthRepeating, retrying } from '../../agent/distribution/retry.ts';
import { Fault } from '../../agent/fault/fault.ts';
import { faultOf, openTestSource } from '../support/sources.ts';

describe('the address of a distribution point', () => {
  it.each([
    'http://dp/',
    'https://dp:8443/site',
    'file:///srv/dp',
    '/srv/dp',
    '\\\\server\\share\\dp',
    'D:\\dp',
  ])('%s is taken', url => {
    expect(openTestSource(url).name).toBe(url);
  });

  it.each([
    'http://user:secret@dp/',
    'https://user@dp/',
    'ftp://dp/',
    'dp',
    'http://dp/?key=1',
    'http://dp/#a',
    'smb://server/share',
    'file:///srv/a%2Fb',
  ])('%s is refused', async url => {
    const fault = await faultOf((async () => openTestSource(url))());
    expect(fault.code).toBe('USAGE-02');
  });

  it('a refused password is not repeated in the fault', async () => {
    const fault = await faultOf((async () => openTestSource('http://user:secret@dp/'))());
    expect(JSON.stringify([fault.message, fault.subject, fault.detail])).not.toContain('secret');
  });

  it('a folder that is not there is a server not reached', async () => {
    expect((await faultOf(openTestSource('/nonexistent/dp').readDocument('a', { maxBytes: 1 }))).code).toBe(
      'NET-01',
    );
  });

  it.each(['../a', 'a/../../b', '/etc/passwd', 'a//b', 'a\\b', './a', ''])(
    'no path leads out of a folder: %s',
    async path => {
      expect((await faultOf(openTestSource('/').readDocument(path, { maxBytes: 1 }))).code).toBe('TRUST-09');
    },
  );
});

describe('Content-Range', () => {
  it.each([
    ['bytes 0-9/100', { start: 0, end: 10, size: 100 }],
    ['bytes 5-5/*', { start: 5, end: 6 }],
    ['bytes */100', { size: 100 }],
    ['bytes 0-9', undefined],
    ['items 0-9/100', undefined],
    ['bytes 0-9/100, bytes 0-9/100', undefined],
    [undefined, undefined],
  ])('%s', (header, expected) => {
    expect(parseContentRange(header)).toEqual(expected);
  });
});

describe('patience', () => {
  const passing = () => new Fault('NET-04', 'x', { status: 503 });

  it('ends after the retries, with the last fault', async () => {
    let attempts = 0;
    const failing = retrying(
      async () => {
        attempts++;
        throw new Fault('NET-01', `attempt ${attempts}`);
      },
      { retryCount: 3, retryDelayMs: 0, random: () => 0 },
    );
    expect((await faultOf(failing)).subject).toBe('attempt 4');
  });

  it('waits a random part of a delay that doubles', async () => {
    const begun = performance.now();
    const failing = retrying(() => Promise.reject(passing()), {
      retryCount: 3,
      retryDelayMs: 40,
      random: () => 0.5,
    });
    await faultOf(failing);
    const tookMs = performance.now() - begun;
    expect(tookMs).toBeGreaterThan(0.5 * 40 * (1 + 2 + 4) - 5);
    expect(tookMs).toBeLessThan(600);
  });

  it('ends at once when asked to stop while it waits', async () => {
    const stop = new AbortController();
    const failing = retrying(() => Promise.reject(passing()), {
      retryCount: 1,
      retryDelayMs: 60_000,
      random: () => 1,
      signal: stop.signal,
    });
    setTimeout(() => stop.abort(), 10);
    expect((await faultOf(failing)).code).toBe('STOP-01');
  });

  it('is not for what will stay as it is', () => {
    expect([404, 501].map(status => isWorthRepeating(new Fault('NET-04', 'x', { status })))).toEqual([
      false,
      false,
    ]);
    expect(isWorthRepeating(new Fault('NET-07', 'x'))).toBe(false);
    expect(isWorthRepeating(new Error('x'))).toBe(false);
  });
});
