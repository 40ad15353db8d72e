// What a run says of its sources: which one is left alone and why, which one lied, which one lacks something, and which one is waited for.
import { isLocal, type SourceWords } from '../../distribution/source-health.ts';
import type { Fault } from '../../fault/fault.ts';
import { faultLine } from '../../fault/fault-line.ts';
import type { Clock } from '../../progress/clock.ts';
import type { Observe } from '../../progress/event.ts';

export interface SourceTelling extends SourceWords {
  /** It is asked again after a pause. */
  pauses(source: string, fault: Fault, waitMs: number): void;
}

/** A wait that nobody notices is not worth a line. */
const TOLD_FROM_MS = 1000;

/** @returns words for sources and their health, told as notes of component `transfer`. */
export function tellSources(observe: Observe, clock: Clock): SourceTelling {
  const note = (level: 'info' | 'warning', text: string): void =>
    observe({ kind: 'note', level, component: 'transfer', text });
  const lacking = new Set<string>();
  /** Ticks until which a pause of the source is told: its connections wait side by side. */
  const paused = new Map<string, number>();
  return {
    aside({ source, fault, untilMs }) {
      const seconds = Math.round((untilMs - clock.ticks()) / 1000);
      if (fault.code === 'NET-01' && isLocal(source))
        note(
          'info',
          `${source} is not there; it is looked for again in ${seconds} s at the earliest. ${faultLine(fault)}`,
        );
      else note('warning', `${source} is set aside for ${seconds} s: ${faultLine(fault)}`);
    },
    lied(source, item, fault) {
      note(
        'warning',
        `${source} gave something else than ${item} is, and is not asked for it again: ${faultLine(fault)}`,
      );
    },
    lacks(source, item, fault) {
      const key = JSON.stringify([source, item]);
      if (lacking.has(key)) return;
      lacking.add(key);
      note('info', `${source} has not all of ${item}; what it lacks is asked of others. ${faultLine(fault)}`);
    },
    pauses(source, fault, waitMs) {
      if (waitMs < TOLD_FROM_MS || (paused.get(source) ?? 0) > clock.ticks()) return;
      paused.set(source, clock.ticks() + waitMs);
      note('info', `${source} is asked again in ${Math.ceil(waitMs / 1000)} s: ${faultLine(fault)}`);
    },
  };
}
