// What a run leaves behind that fails: a line in the log, its record in the journal, and word to who listens.
import { asFault, type Fault, faultRecord } from '../../fault/fault.ts';
import { faultLine } from '../../fault/fault-line.ts';
import type { RunContext } from './run-context.ts';

/** So long a run that ends waits for its status to be taken; what is left is sent by the next. */
export const STATUS_PATIENCE_MS = 5_000;

/** @returns the fault of what was thrown, for the caller to throw. Never throws itself. */
export async function failRun(
  { observe, journal, status, composition }: RunContext,
  command: 'deploy' | 'continue',
  thrown: unknown,
): Promise<Fault> {
  const fault = asFault(thrown);
  const record = faultRecord(fault);
  observe({
    kind: 'note',
    level: 'error',
    component: command,
    text: faultLine(fault),
    detail: { ...record },
  });
  const peakMemoryBytes = composition.peakMemoryBytes();
  await journal?.append({ type: 'run-failed', fault: record, peakMemoryBytes }).catch(() => {
    // The disk that cannot take this line is most likely the fault itself, which the screen shows.
  });
  await status.flush({ timeoutMs: STATUS_PATIENCE_MS });
  return fault;
}
