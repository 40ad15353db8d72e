// Sends what the journal holds to the management point.
import type { StatusSender } from '../../steps/step-world.ts';
import type { RunContext } from './run-context.ts';

export function openStatusSender(_context: RunContext): StatusSender {
  return { flush: async () => true };
}
