// Who is asked without the proxy.
import { describe, expect, it } from 'vitest';
import { goesDirect, isNoProxyEntry } from '../../agent/document/no-proxy.ts';

describe('noProxy', () => {
  it.each([
    ['http://dp.example.com/', 'dp.example.com', true],
    ['http://DP.example.com/', 'DP.Example.com', true],
    ['http://a.dp.example.com/', 'dp.example.com', false],
    ['http://dp.example.com/', '.example.com', true],
    ['http://example.com/', '.example.com', false],
    ['http://badexample.com/', '.example.com', false],
    ['http://dp:8080/', 'dp:8080', true],
    ['http://dp/', 'dp:80', true],
    ['https://dp/', 'dp:80', false],
    ['http://10.1.2.3/', '10.0.0.0/8', true],
    ['http://11.1.2.3/', '10.0.0.0/8', false],
    ['http://[fd00::12]/', 'fd00::/8', true],
    ['http://[fd00::12]/', '[fd00::]/8', true],
    ['http://[fd00::12]:81/', '[fd00:0::12]:81', true],
    ['http://[fd00::12]/', 'fd00:0:0::12', true],
    ['http://10.1.2.3/', 'fd00::/8', false],
    ['http://dp/', '10.0.0.0/8', false],
  ])('%s and %s: %s', (url, entry, direct) => {
    expect(isNoProxyEntry(entry)).toBe(true);
    expect(goesDirect(new URL(url), [entry])).toBe(direct);
  });

  it.each(['*', '*.example.com', 'http://dp', '10.0.0.0/33', 'dp/8', 'fd00::/129', 'a b', ''])(
    '%s is no entry',
    entry => {
      expect(isNoProxyEntry(entry.toLowerCase())).toBe(false);
    },
  );
});
