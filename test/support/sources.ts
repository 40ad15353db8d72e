// What tests of sources share: small patience, and reading a stream to its end.
import { openSource } from '../../agent/distribution/open-source.ts';
import type { ReadOptions, Source, SourceAddress } from '../../agent/distribution/source.ts';
import type { TransferSettings } from '../../agent/distribution/transfer-settings.ts';
import { Fault } from '../../agent/fault/fault.ts';
import { systemClock } from '../../agent/progress/clock.ts';

/** Small enough that a test of patience takes milliseconds. */
export const impatient: TransferSettings = {
  retryCount: 2,
  retryDelayMs: 2,
  connections: 4,
  leastBytesPerSecond: 10_000,
  stallTimeoutMs: 400,
};

export function openTestSource(url: string, more: Partial<Omit<SourceAddress, 'url'>> = {}): Source {
  return openSource(
    { priority: 1, ...more, url },
    { settings: impatient, clock: systemClock, random: () => 0.5 },
  );
}

export async function readAll(source: Source, path: string, options: ReadOptions): Promise<Uint8Array> {
  const { bytes } = await source.read(path, options);
  const kept: Uint8Array[] = [];
  for await (const piece of bytes) kept.push(Uint8Array.from(piece));
  return Buffer.concat(kept);
}

/** The fault that `work` fails with; fails the test when it does not fail, or fails without a name. */
export async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof Fault) return thrown;
  throw new Error(`expected a Fault, found ${thrown === undefined ? 'success' : String(thrown)}`, {
    cause: thrown,
  });
}
