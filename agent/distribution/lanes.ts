// Deals tasks out to the connections of several sources at once: whoever is free takes the next one; what a source leaves goes back, for the others.
/** One connection of a source, or one thread that has its own. */
export interface Lane<S, T> {
  readonly source: S;
  /** Whether a task of this kind is for this lane. */
  readonly takes: (task: T) => boolean;
  /** Whether the source is still worth asking. */
  readonly isOpen: () => boolean;
  /** Resolves to what is left of the task; what it throws ends everything. */
  readonly run: (task: T) => Promise<readonly T[]>;
  /** Bytes per second of this lane; undefined before anything was measured. */
  readonly speed: () => number | undefined;
}

/**
 * Runs until every task is done, or has been tried by each source that is open. Resolves to what is left, in order. After a throw no task is begun any more, those
 * under way end, and then it is thrown.
 * @param bytesOf how many bytes a task brings
 */
export async function workThrough<S, T>(
  tasks: readonly T[],
  lanes: readonly Lane<S, T>[],
  bytesOf: (task: T) => number,
): Promise<readonly T[]> {
  const queue = [...tasks];
  /** Sources that have had their try at a task. */
  const tried = new Map<T, Set<S>>();
  let underWay = 0;
  let broken: { readonly thrown: unknown } | undefined;
  let choosy = true;
  let wake = Promise.withResolvers<void>();
  const tellAll = (): void => {
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };

  const next = (lane: Lane<S, T>): T | undefined => {
    const at = queue.findIndex(
      task =>
        lane.takes(task) &&
        !tried.get(task)?.has(lane.source) &&
        !(choosy && isBetterLeft(task, lane, lanes, { queue, bytesOf })),
    );
    return at === -1 ? undefined : queue.splice(at, 1)[0];
  };

  async function follow(lane: Lane<S, T>): Promise<void> {
    while (broken === undefined && lane.isOpen()) {
      const task = next(lane);
      if (task === undefined) {
        // Others may still hand something back.
        if (underWay === 0) return;
        await wake.promise;
        continue;
      }
      underWay++;
      try {
        const left = await lane.run(task);
        for (const rest of left) {
          tried.set(rest, new Set([...(tried.get(task) ?? []), lane.source]));
          queue.push(rest);
        }
      } catch (thrown) {
        broken ??= { thrown };
      } finally {
        underWay--;
        tellAll();
      }
    }
  }

  await Promise.all(lanes.map(follow));
  // What was left for a faster source that did not bring it: better slowly than not at all.
  choosy = false;
  await Promise.all(lanes.map(follow));
  if (broken !== undefined) throw broken.thrown;
  return queue;
}

/** A source that would need longer for one task than the fastest for all that is left only holds the end up. */
function isBetterLeft<S, T>(
  task: T,
  lane: Lane<S, T>,
  lanes: readonly Lane<S, T>[],
  { queue, bytesOf }: { readonly queue: readonly T[]; readonly bytesOf: (task: T) => number },
): boolean {
  const own = lane.speed();
  if (own === undefined) return false;
  const others = lanes.filter(other => other.source !== lane.source && other.isOpen() && other.takes(task));
  const best = Math.max(0, ...others.map(other => other.speed() ?? 0));
  if (best <= own) return false;
  const rest = queue.reduce((sum, each) => sum + bytesOf(each), 0);
  return bytesOf(task) / own > rest / best;
}

/** The first of each, then the second of each: whoever comes first takes the first task, and none shall take all. */
export function inTurns<T>(lists: readonly (readonly T[])[]): readonly T[] {
  const longest = Math.max(0, ...lists.map(list => list.length));
  return Array.from({ length: longest }, (_, at) => lists.flatMap(list => list.slice(at, at + 1))).flat();
}

/** How many tasks are under way, by source. */
export type AtWork = Map<unknown, number>;

/** Counts what is under way with the lane's source. */
export function counted<S, T>(lane: Lane<S, T>, atWork: AtWork): Lane<S, T> {
  const add = (tasks: number): void => {
    atWork.set(lane.source, (atWork.get(lane.source) ?? 0) + tasks);
  };
  return {
    ...lane,
    async run(task) {
      add(1);
      try {
        return await lane.run(task);
      } finally {
        add(-1);
      }
    },
  };
}

/** What a lane throws no other source can help with: the other tasks end at a sound place, then it is thrown. */
export function stoppingAll<S, T>(lane: Lane<S, T>, stop: AbortController): Lane<S, T> {
  return {
    ...lane,
    run: async task => {
      try {
        return await lane.run(task);
      } catch (thrown) {
        stop.abort();
        throw thrown;
      }
    },
  };
}
