// While nothing comes, whoever watches sees it: the figures are told again, and the rate falls.
import { expect, it } from 'vitest';
import { acquire } from '../../agent/distribution/acquire.ts';
import { openSource } from '../../agent/distribution/open-source.ts';
import type { ProgressEvent } from '../../agent/progress/event.ts';
import { acquireWorld, publishItem } from '../support/content-kit.ts';
import { startMisbehavingServer } from '../support/misbehaving-server.ts';
import { seeded } from '../support/seeded.ts';
import { servePoint } from '../support/serve-point.ts';
import { faultOf, impatient } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('stall-shown');

it('a transfer that stalls is told of every second, with a rate that falls and bytes that stay', async () => {
  const { bytes } = seeded(3);
  const { reference, manifest } = await publishItem(`${ground}/dp`, { 'a.bin': bytes(3_000_000) });
  const files = new Map<string, Uint8Array>();
  await servePoint(`${ground}/dp`, files);
  const server = await startMisbehavingServer({
    files,
    behave: ({ path }) => (path.endsWith('a.bin') ? { kind: 'stall', afterBytes: 1_500_000 } : undefined),
  });
  const told: Extract<ProgressEvent, { kind: 'advanced' }>[] = [];
  const settings = { ...impatient, retryCount: 0, stallTimeoutMs: 3500 };
  const world = acquireWorld(ground, [], {
    settings,
    observe: event => void (event.kind === 'advanced' && told.push(event)),
  });
  const source = openSource({ url: server.url, priority: 1 }, world);
  try {
    const fault = await faultOf(acquire({ reference, manifest }, { ...world, sources: [source] }));
    expect(fault.code).toBe('CONTENT-01');
  } finally {
    await source.close();
    await server.close();
  }
  const last = told.at(-1)?.doneBytes;
  const silent = told.filter(({ doneBytes }) => doneBytes === last);
  expect(silent.length).toBeGreaterThanOrEqual(3);
  const rates = silent.map(({ run }) => run?.bytesPerSecond ?? 0);
  expect(rates).toEqual(rates.toSorted((a, b) => b - a));
  expect(rates.at(-1)).toBeLessThan((rates[0] ?? 0) / 2);
});
