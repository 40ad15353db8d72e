// Opens a point of the media or of policy, or passes it over with a warning: one address that this system cannot take shall not end a run that has others.
import type { Source } from '../../distribution/source.ts';
import { asFault } from '../../fault/fault.ts';
import { faultLine } from '../../fault/fault-line.ts';
import type { Observe } from '../../progress/event.ts';

/** @returns the source alone, or none. Throws STOP-01 and BUG-01. */
export function openOrPass<P extends { readonly url: string }>(
  point: P,
  open: (point: P) => Source,
  observe: Observe,
): readonly Source[] {
  try {
    return [open(point)];
  } catch (thrown) {
    passOver(point.url, thrown, observe);
    return [];
  }
}

/** Tells that a point is passed over. Throws STOP-01 and BUG-01. */
export function passOver(url: string, thrown: unknown, observe: Observe): void {
  const fault = asFault(thrown);
  if (fault.code === 'STOP-01' || fault.code === 'BUG-01') throw fault;
  const text = `${url} is passed over: ${faultLine(fault)}`;
  observe({ kind: 'note', level: 'warning', component: 'policy', text });
}
