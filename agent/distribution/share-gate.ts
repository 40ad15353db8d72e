// Reads of files that may never come back: a share whose server has gone holds its reader in the kernel, and nothing can call it off. So a read is
// waited for only so long, then left behind, and few are under way at once: each that hangs holds a thread of Node's pool, which the local disk needs too.
import pLimit from 'p-limit';
import { Fault } from '../fault/fault.ts';
import type { TransferSettings } from './transfer-settings.ts';

/** libuv has four threads unless told otherwise: one always stays for the local disk. */
const MOST_UNDER_WAY = 3;

/** What one source asks for through the gate. */
export interface GatedReads {
  /**
   * Begins `operation` when there is room and waits for it. `late` gets what it brings when nobody waits any more.
   * Faults: NET-05 it takes longer than `stallTimeoutMs`, or an earlier one of this source still has not come back; STOP-01; what `operation` throws.
   */
  run<T>(
    subject: string,
    operation: () => Promise<T>,
    options?: { readonly signal?: AbortSignal | undefined; readonly late?: (value: T) => unknown },
  ): Promise<T>;
}

/** Shared by all sources of one thread. */
export interface ShareGate {
  forSource(settings: Pick<TransferSettings, 'stallTimeoutMs'>): GatedReads;
  /** How many reads were left behind and have not come back: as long as there are any, Node cannot end the process by itself. */
  stuck(): number;
}

/** @param onStuck called when a read is left behind. */
export function openShareGate(onStuck: () => void = () => {}): ShareGate {
  const limit = pLimit(MOST_UNDER_WAY);
  let allStuck = 0;

  return {
    stuck: () => allStuck,
    forSource({ stallTimeoutMs }) {
      let stuck = 0;

      return {
        run: (subject, operation, { signal, late } = {}) =>
          new Promise((resolve, reject) => {
            let phase: 'queued' | 'under way' | 'over' | 'left' = 'queued';
            let timer: NodeJS.Timeout | undefined;
            const end = (next: 'over' | 'left'): void => {
              phase = next;
              clearTimeout(timer);
              signal?.removeEventListener('abort', stop);
            };
            const leave = (fault: Fault): void => {
              if (phase === 'under way') {
                stuck++;
                allStuck++;
                onStuck();
              }
              end('left');
              reject(fault);
            };
            const stop = (): void => leave(new Fault('STOP-01', subject));
            const stall = (): void => {
              // Those before it are only slow: its own turn comes.
              if (phase === 'queued' && !isBlocked()) watch();
              else leave(new Fault('NET-05', subject, { stallTimeoutMs }));
            };
            const watch = (): void => {
              clearTimeout(timer);
              timer = setTimeout(stall, stallTimeoutMs);
            };

            const isBlocked = (): boolean => stuck > 0 || allStuck >= MOST_UNDER_WAY;
            const refuse = (): void =>
              leave(new Fault('NET-05', subject, { found: 'an earlier read has not come back' }));

            if (signal?.aborted) return stop();
            if (isBlocked()) return refuse();
            signal?.addEventListener('abort', stop);
            watch();
            void limit(async () => {
              if (phase !== 'queued') return;
              if (isBlocked()) return refuse();
              phase = 'under way';
              watch();
              const wasLeft = (): boolean => {
                if (phase !== 'left') return false;
                stuck--;
                allStuck--;
                return true;
              };
              await operation().then(
                value => {
                  if (wasLeft()) return late?.(value);
                  end('over');
                  resolve(value);
                },
                thrown => {
                  if (wasLeft()) return;
                  end('over');
                  reject(thrown);
                },
              );
            });
          }),
      };
    },
  };
}
