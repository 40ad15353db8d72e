// The connections to one server: at most so many in use at once, and those that rest between two requests.
import { setImmediate as nextTurn } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { Connection } from './connection.ts';

/** A server may say any time; longer than this nobody rests here. */
const LONGEST_REST_MS = 60_000;

export interface KeptConnections {
  /** Resolves when one more may be in use, to what gives the place free. Rejects with the signal's reason. */
  enter(signal: AbortSignal): Promise<() => void>;
  /** One that rests; undefined when there is none. */
  take(): Promise<Connection | undefined>;
  /** Rests for so long; 0 closes it. */
  keep(connection: Connection, restMs: number): void;
  /** From now on at most so many are in use. */
  allow(most: number): void;
  /** Ends those at rest that are more than so many. */
  restAtMost(most: number): Promise<void>;
  /** Nobody rests any more, and who waits for a turn is rejected with this. */
  close(cause: Error): void;
}

/** @param most in use at once */
export function keptConnections(most: number): KeptConnections {
  const limit = pLimit(most);
  const resting = new Map<Connection, NodeJS.Timeout>();
  const waiting = new Set<(cause: unknown) => void>();
  let closed = false;

  const wakeFirst = (): Connection | undefined => {
    const [first] = resting;
    if (first === undefined) return undefined;
    const [connection, timer] = first;
    clearTimeout(timer);
    resting.delete(connection);
    return connection;
  };

  return {
    async enter(signal) {
      const inside = Promise.withResolvers<void>();
      const { promise: left, resolve: leave } = Promise.withResolvers<void>();
      void limit(() => {
        inside.resolve();
        return left;
      });
      const giveUp = (cause: unknown): void => {
        // Its turn, when it comes, is over at once.
        leave();
        inside.reject(cause);
      };
      const onAbort = (): void => giveUp(signal.reason);
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort);
      waiting.add(giveUp);
      try {
        await inside.promise;
        return leave;
      } finally {
        waiting.delete(giveUp);
        signal.removeEventListener('abort', onAbort);
      }
    },
    async take() {
      for (let found = wakeFirst(); found !== undefined; found = wakeFirst()) {
        // What came behind the last answer would be taken for the next one. Between two turns everything is read that is there.
        await nextTurn();
        await nextTurn();
        if (!closed && !found.isSpent()) {
          found.wake();
          return found;
        }
        found.retire();
      }
      return undefined;
    },
    keep(connection, restMs) {
      if (closed || restMs <= 0 || connection.isSpent()) {
        connection.retire();
        return;
      }
      connection.rest();
      const end = (): void => {
        resting.delete(connection);
        connection.retire();
      };
      resting.set(connection, setTimeout(end, Math.min(restMs, LONGEST_REST_MS)).unref());
    },
    allow(most) {
      limit.concurrency = most;
    },
    async restAtMost(most) {
      const over: Connection[] = [];
      while (resting.size > Math.max(0, most)) {
        const found = wakeFirst();
        if (found !== undefined) over.push(found);
      }
      await Promise.all(over.map(found => found.part()));
    },
    close(cause) {
      closed = true;
      for (const giveUp of waiting) giveUp(cause);
      for (let found = wakeFirst(); found !== undefined; found = wakeFirst()) found.retire();
    },
  };
}
