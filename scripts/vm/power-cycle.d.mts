// Types of power-cycle.mjs.
import type { Machine, MachineParts, SerialLine } from './machine.mjs';

export interface MachineStart {
  readonly lines: readonly SerialLine[];
  /** What the stand-in said when it left; `ended` where it said nothing. */
  readonly left: 'restart' | 'shutdown' | 'ended' | 'time over';
  readonly seconds: number;
}

export function powerCycle(
  partsOf: (start: number) => MachineParts,
  how?: {
    readonly timeoutMs?: number;
    /** `throw`; with `end` a start that takes longer is a start like others. */
    readonly whenLate?: 'throw' | 'end';
    readonly most?: number;
    readonly watch?: (machine: Machine, start: number) => void;
  },
): Promise<{ readonly starts: readonly MachineStart[]; readonly off: boolean }>;
export function tailOf(lines: readonly SerialLine[], count?: number): string;
