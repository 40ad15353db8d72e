// Looks, while others serve, whether a source that failed is back: the rest of a large image shall not come over a long line because the near server
// restarted for half a minute. One byte is asked for, beside the work, so that nobody waits for one that is still away.
import { allEnded } from '../fault/all-ended.ts';
import { Fault } from '../fault/fault.ts';
import { sharesServer } from './host-connections.ts';
import type { TransferTools } from './lane-world.ts';
import type { Source } from './source.ts';
import { endsTheSource, isOurOwn } from './source-failure.ts';
import type { Task } from './tasks.ts';

/** How long after its time it is looked at, at the most. */
const LOOK_EVERY_MS = 1000;

export interface Returns {
  /** A source is back that is at least as near as those at work: they end what they are at, and it takes its place. */
  readonly isBack: () => boolean;
  readonly sources: () => readonly Source[];
  /** What is under way is given up, and waited for. */
  end(): Promise<void>;
}

/**
 * @param rank the sources at work
 * @param done those that have nothing more to give
 * @param task something of what is missing: its first byte is what is asked for
 */
export function watchForReturns(
  rank: readonly Source[],
  done: ReadonlySet<Source>,
  { from, work }: Task,
  { choice, world, atWork }: TransferTools,
): Returns {
  const back = new Set<Source>();
  const looking = new Map<Source, Promise<void>>();
  const over = new AbortController();
  const signal = world.signal ? AbortSignal.any([world.signal, over.signal]) : over.signal;

  async function look(source: Source): Promise<void> {
    try {
      await source.limitConnections?.(1);
      const { bytes } = await source.read(from, {
        expectedSize: work.file.size,
        range: { start: 0, end: 1 },
        signal,
      });
      for await (const _ of bytes);
    } catch (thrown) {
      if (signal.aborted) return;
      if (!(thrown instanceof Fault) || isOurOwn(thrown)) throw thrown;
      // One that has not this file, or gives no parts, answers.
      if (endsTheSource(thrown)) return choice.stillAway(source, thrown);
    }
    if (!choice.returned(source)) return;
    back.add(source);
    const text = `${source.name} answers again: what is left is fetched from it.`;
    world.observe({ kind: 'note', level: 'info', component: 'transfer', text });
  }

  const timer = setInterval(() => {
    for (const { source, isDue } of choice.awaited(rank, done)) {
      // Beside what is under way on the server it would be a connection too many.
      const asked = rank.filter(other => choice.remaining().includes(other));
      const isBusy = sharesServer(source, [...asked, ...looking.keys()]) || (atWork.get(source) ?? 0) > 0;
      if (!isDue || looking.has(source) || isBusy) continue;
      const looked = look(source).finally(() => looking.delete(source));
      looking.set(source, looked);
      // Waited for at the end.
      looked.catch(() => {});
    }
  }, LOOK_EVERY_MS);
  timer.unref();

  return {
    isBack: () => back.size > 0,
    sources: () => [...back],
    async end() {
      clearInterval(timer);
      over.abort();
      await allEnded([...looking.values()]);
    },
  };
}
