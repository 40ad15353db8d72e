// What another request costs is measured by when answers begin, not by how long they take.
import { expect, onTestFinished, test } from 'vitest';
import { openSourceHealth } from '../../agent/distribution/source-health.ts';
import { timedSource } from '../../agent/distribution/timed-source.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { startMisbehavingServer } from '../support/misbehaving-server.ts';
import { openTestSource, readAll } from '../support/sources.ts';

const file = new Uint8Array(40_000);

async function ready(delayMs: number) {
  const server = await startMisbehavingServer({
    files: new Map([['f', file]]),
    behave: () =>
      delayMs > 0
        ? { kind: 'slow-head', everyMs: delayMs }
        : { kind: 'trickle', pieceBytes: 2000, everyMs: 20 },
  });
  const health = openSourceHealth(systemClock);
  const source = timedSource(openTestSource(server.url), health, systemClock);
  for (const each of [source, server]) onTestFinished(() => each.close());
  health.served(source, 1_000_000, 1);
  return { source, health };
}

test('a document that comes slowly makes no request dear', async () => {
  const { source, health } = await ready(0);
  expect(await source.readDocument('f', { maxBytes: file.length })).toHaveLength(file.length);
  // It took 400 ms, and 1 MB/s would make 400 kB of that.
  expect(health.requestCostBytes(source)).toBeLessThan(100_000);
});

test('nor does a file', async () => {
  const { source, health } = await ready(0);
  await readAll(source, 'f', { expectedSize: file.length });
  expect(health.requestCostBytes(source)).toBeLessThan(100_000);
});

test('an answer that is long in coming does, whatever was asked for', async () => {
  for (const ask of ['document', 'file'] as const) {
    const { source, health } = await ready(1);
    if (ask === 'document') await source.readDocument('f', { maxBytes: file.length });
    else await readAll(source, 'f', { expectedSize: file.length });
    expect(health.requestCostBytes(source)).toBeGreaterThan(100_000);
  }
});
