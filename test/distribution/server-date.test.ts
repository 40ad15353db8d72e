// The time that a server tells: taken down, never trusted.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverDate } from '../../agent/distribution/http/server-date.ts';
import {
  type MisbehavingServer,
  type Misbehaviour,
  startMisbehavingServer,
} from '../support/misbehaving-server.ts';
import { openTestSource } from '../support/sources.ts';

const NOON = 'Sun, 01 Mar 2026 12:00:00 GMT';

describe('the time of an answer', () => {
  it.each([
    ['its Date', { date: NOON }, '2026-03-01T12:00:00.000Z'],
    ['Date and Age of an answer out of a cache', { date: NOON, age: '3600' }, '2026-03-01T13:00:00.000Z'],
    ['Date alone where Age is none', { date: NOON, age: 'old' }, '2026-03-01T12:00:00.000Z'],
    ['nothing without Date', { age: '3600' }, undefined],
    ['nothing from words', { date: 'yesterday' }, undefined],
  ])('is %s', (_, headers, expected) => {
    expect(serverDate({ status: 200, headers })?.toISOString()).toBe(expected);
  });
});

describe('a source over HTTP', () => {
  let server: MisbehavingServer;
  let next: Misbehaviour | undefined;
  beforeAll(async () => {
    server = await startMisbehavingServer({ files: new Map([['a', Buffer.from('a')]]), behave: () => next });
  });
  afterAll(() => server.close());

  it('remembers the latest time that it was told', async () => {
    const source = openTestSource(server.url);
    expect(source.lastDate?.()).toBeUndefined();
    for (const date of [NOON, 'Sun, 01 Mar 2026 11:00:00 GMT', 'nonsense']) {
      next = { kind: 'date', date };
      await source.readDocument('a', { maxBytes: 9 });
      expect(source.lastDate?.()?.toISOString()).toBe('2026-03-01T12:00:00.000Z');
    }
    await source.close();
  });
});
