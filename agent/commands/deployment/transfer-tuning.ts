// The transfer settings of a run as one object that every source of it looks into, so that what a task sequence changes holds for all at once.
import type { TransferSettings } from '../../distribution/transfer-settings.ts';

export interface TransferTuning {
  /** As they stand now; read anew at each use. */
  readonly live: TransferSettings;
  tune(settings: TransferSettings): void;
}

/** Where others can be asked meanwhile, a server that wants to be left alone for longer than this is set aside. */
const PATIENCE_AMONG_OTHERS_MS = 30_000;

/** @param sources how many there are by now: the only one is waited for as long as retries wait at most. */
export function openTransferTuning(settings: TransferSettings, sources: () => number): TransferTuning {
  let current = settings;
  const live: TransferSettings = {
    get retryCount() {
      return current.retryCount;
    },
    get retryDelayMs() {
      return current.retryDelayMs;
    },
    get connections() {
      return current.connections;
    },
    get leastBytesPerSecond() {
      return current.leastBytesPerSecond;
    },
    get stallTimeoutMs() {
      return current.stallTimeoutMs;
    },
    get longestWaitMs() {
      return sources() > 1 ? PATIENCE_AMONG_OTHERS_MS : current.longestWaitMs;
    },
    get bandwidth() {
      return current.bandwidth;
    },
  };
  return {
    live,
    tune(next) {
      current = next;
    },
  };
}
