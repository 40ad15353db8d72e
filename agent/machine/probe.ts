// Probes of the self-test: each asks this system one thing that Prestage relies on and that only the system itself can answer.
import { Fault } from '../fault/fault.ts';
import type { Clock } from '../progress/clock.ts';

/** What was seen, as printable data. */
export type Seen = Readonly<Record<string, unknown>>;

export interface Probe {
  /** Two or three words, unique in its list. */
  readonly name: string;
  /** The fact that it settles, as a sentence. */
  readonly fact: string;
  /** Whether a deployment can do without it. */
  readonly mandatory: boolean;
  /** @returns what was seen; `holds: false` when the fact does not hold. Throwing means the same. */
  run(): Promise<{ readonly holds: boolean; readonly seen: Seen }>;
}

export interface ProbeResult {
  readonly name: string;
  readonly fact: string;
  readonly mandatory: boolean;
  /** `noted`: the fact does not hold, but a deployment can do without it. */
  readonly outcome: 'passed' | 'noted' | 'failed';
  readonly seconds: number;
  readonly seen: Seen;
}

/** Runs probes one after the other: what one leaves behind (a loaded DLL, a console mode) must not be another's doubt. */
export async function runProbes(probes: readonly Probe[], clock: Clock): Promise<readonly ProbeResult[]> {
  const results: ProbeResult[] = [];
  for (const probe of probes) {
    const started = clock.ticks();
    const { holds, seen } = await probe.run().catch(refused);
    const { name, fact, mandatory } = probe;
    const outcome = holds ? 'passed' : mandatory ? 'failed' : 'noted';
    results.push({
      name,
      fact,
      mandatory,
      outcome,
      seconds: Math.round(clock.ticks() - started) / 1000,
      seen,
    });
  }
  return results;
}

function refused(thrown: unknown): { readonly holds: boolean; readonly seen: Seen } {
  if (thrown instanceof Fault)
    return { holds: false, seen: { fault: thrown.code, subject: thrown.subject, ...thrown.detail } };
  return { holds: false, seen: { error: thrown instanceof Error ? thrown.message : String(thrown) } };
}
