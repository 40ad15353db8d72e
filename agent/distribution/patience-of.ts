// How patient a run is with one source, and whom it tells.
import type { AcquireWorld } from './acquire.ts';
import type { Patience } from './retry.ts';
import type { Source } from './source.ts';

/** As the settings have it. */
export function patienceOf(
  { settings: { retryCount, retryDelayMs }, random, pauses }: AcquireWorld,
  { name }: Source,
  signal: AbortSignal | undefined,
): Patience {
  const onPause: Patience['onPause'] = (fault, waitMs) => pauses?.(name, fault, waitMs);
  return { retryCount, retryDelayMs, random, onPause, ...(signal ? { signal } : {}) };
}
