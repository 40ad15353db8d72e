// Which sources are asked for one item, and in which order: the nearest first, and never again one that lied, refused or is not reached.
import { Fault } from '../fault/fault.ts';
import { systemClock } from '../progress/clock.ts';
import { makeRoom } from './host-connections.ts';
import type { Source } from './source.ts';
import { endsTheSource, isOurOwn } from './source-failure.ts';
import { openSourceHealth, type SourceHealth } from './source-health.ts';

export interface SourceChoice {
  /** Sources still worth asking, best first. */
  remaining(): readonly Source[];
  /** The same in ranks: those of one rank are as near and as much wanted, and may serve one item together. */
  ranks(): readonly (readonly Source[])[];
  /** What the run knows of its sources. */
  readonly health: SourceHealth;
  /** Remembers a failure; one that says enough about the source takes it out of the choice. */
  failed(source: Source, fault: Fault): void;
  /** Asks one source after the other until one answers. Fault CONTENT-01 when none does; what no source can help is thrown as it is. */
  first<T>(ask: (source: Source) => Promise<T>): Promise<T>;
  /** CONTENT-01, with the last failure of each source as its cause. */
  exhausted(detail?: { readonly missingBytes?: number }): Fault;
}

/** @param id of the item, for the fault. @param health of the run; without it nothing is known beforehand. */
export function openSourceChoice(
  id: string,
  sources: readonly Source[],
  health: SourceHealth = openSourceHealth(systemClock),
): SourceChoice {
  const ended = new Set<Source>();
  const failures = new Map<Source, Fault>();
  for (const source of sources) {
    const lie = health.lie(source, id);
    if (lie !== undefined) failures.set(source, lie);
  }
  // Fixed for the item: a source that is set aside while it is fetched is out of the choice by what it did.
  const ordered = health.ranks(sources, id);

  const choice: SourceChoice = {
    health,
    remaining: () => choice.ranks().flat(),
    ranks: () =>
      ordered.map(rank => rank.filter(source => !ended.has(source))).filter(rank => rank.length > 0),
    failed(source, fault) {
      // What ended it is told, not what requests under way met afterwards.
      if (ended.has(source)) return;
      failures.set(source, fault);
      health.failed(source, id, fault);
      if (endsTheSource(fault)) ended.add(source);
    },
    async first(ask) {
      for (const source of choice.remaining()) {
        await makeRoom(new Map([[source, Number.POSITIVE_INFINITY]]), sources);
        try {
          return await ask(source);
        } catch (thrown) {
          if (!(thrown instanceof Fault) || isOurOwn(thrown)) throw thrown;
          choice.failed(source, thrown);
        }
      }
      throw choice.exhausted();
    },
    exhausted(detail = {}) {
      const faults = [...failures.values()];
      const told = [...failures].map(([source, fault]) => `${source.name}: ${fault.message}`);
      const cause = faults.length > 1 ? new AggregateError(faults, told.join('; ')) : faults[0];
      return new Fault(
        'CONTENT-01',
        id,
        { ...detail, sources: told.length > 0 ? told : ['no distribution point is known'] },
        { cause },
      );
    },
  };
  return choice;
}
