// Which sources are asked for one item, and in which order: the nearest first, never again one that lied, and one that failed when it is back.
import { Fault } from '../fault/fault.ts';
import { faultLine } from '../fault/fault-line.ts';
import { systemClock } from '../progress/clock.ts';
import { makeRoom } from './host-connections.ts';
import type { Source } from './source.ts';
import { endsTheSource, isLie, isOurOwn } from './source-failure.ts';
import { asideMs, openSourceHealth, type SourceHealth } from './source-health.ts';

export interface SourceChoice {
  /** Sources still worth asking, best first. */
  remaining(): readonly Source[];
  /** The same in ranks: those of one rank are as near and as much wanted, and may serve one item together. */
  ranks(): readonly (readonly Source[])[];
  /** What the run knows of its sources. */
  readonly health: SourceHealth;
  /** Remembers a failure; one that says enough about the source takes it out of the choice. */
  failed(source: Source, fault: Fault): void;
  /**
   * Those that are out of the choice, or were last in it when the item began, for what may pass, and are at least as near and as much wanted as `rank`, which
   * does not have them.
   * @param done have had their try
   */
  awaited(rank: readonly Source[], done: ReadonlySet<Source>): readonly AwaitedSource[];
  /** It answered again: it takes its old place. @returns whether it does; it may have been seen to lie meanwhile. */
  returned(source: Source): boolean;
  /** It did not answer, for another time. */
  stillAway(source: Source, fault: Fault): void;
  /** Takes those back, unseen, that have been left alone long enough. @returns them */
  askAgain(): readonly Source[];
  /** It gives no parts of this item's files. */
  isRangeless(source: Source): boolean;
  foundRangeless(source: Source): void;
  /** Asks one source after the other until one answers. Fault CONTENT-01 when none does; what no source can help is thrown as it is. */
  first<T>(ask: (source: Source) => Promise<T>): Promise<T>;
  /** CONTENT-01, with the last failure of each source as its cause. */
  exhausted(detail?: { readonly missingBytes?: number }): Fault;
}

export interface AwaitedSource {
  readonly source: Source;
  /** Whether it has been left alone long enough to be looked at. */
  readonly isDue: boolean;
}

/** Not looked at again for this item. */
const NEVER = Number.POSITIVE_INFINITY;

/** What lied, and what wants another account: asking for it again and again would lock the account. */
function isFinal(fault: Fault): boolean {
  return isLie(fault) || fault.code === 'NET-03';
}

/** @param id of the item, for the fault. @param health of the run; without it nothing is known beforehand. */
export function openSourceChoice(
  id: string,
  sources: readonly Source[],
  health: SourceHealth = openSourceHealth(systemClock),
): SourceChoice {
  /** Ticks before which a source is not looked at again, or NEVER. */
  const ended = new Map<Source, number>();
  const timesEnded = new Map<Source, number>();
  const failures = new Map<Source, Fault>();
  /** Ticks until which a source is doubtful that was set aside before. */
  const doubtful = new Map<Source, number>();
  for (const source of sources) {
    const lie = health.lie(source, id);
    const aside = health.aside(source);
    if (lie !== undefined) failures.set(source, lie);
    else if (aside !== undefined) doubtful.set(source, isFinal(aside.fault) ? NEVER : aside.untilMs);
  }

  /** Apart from what the run holds against it, which is forgotten when another request that was under way succeeds. */
  const leaveAlone = (source: Source, fault: Fault, those: Map<Source, number>): void => {
    const times = timesEnded.get(source) ?? 0;
    timesEnded.set(source, times + 1);
    if (those.get(source) !== NEVER)
      those.set(source, isFinal(fault) ? NEVER : health.now() + asideMs(times, fault));
  };
  const remember = (source: Source, fault: Fault): void => {
    failures.set(source, fault);
    health.failed(source, id, fault);
  };

  const choice: SourceChoice = {
    health,
    remaining: () => choice.ranks().flat(),
    ranks: () =>
      health.ranks(
        sources.filter(source => !ended.has(source)),
        id,
      ),
    failed(source, fault) {
      // What ended it is told, not what requests under way met afterwards; but a lie counts, whenever it is seen.
      if (ended.has(source) && !(isLie(fault) && ended.get(source) !== NEVER)) return;
      remember(source, fault);
      if (endsTheSource(fault)) leaveAlone(source, fault, ended);
    },
    awaited(rank, done) {
      const [first] = rank;
      if (first === undefined) return [];
      return sources.flatMap(source => {
        const untilMs = ended.get(source) ?? doubtful.get(source) ?? NEVER;
        const isAsked = !ended.has(source) && (rank.includes(source) || done.has(source));
        if (untilMs === NEVER || isAsked) return [];
        if (health.place(source) > health.place(first)) return [];
        return [{ source, isDue: untilMs <= health.now() }];
      });
    },
    returned(source) {
      if (ended.get(source) === NEVER) return false;
      ended.delete(source);
      doubtful.delete(source);
      health.served(source, 0, 0);
      return true;
    },
    stillAway(source, fault) {
      remember(source, fault);
      // One that was doubtful from the beginning is asked all the same when there is nobody else.
      const isDoubtful = !ended.has(source) && !isLie(fault);
      leaveAlone(source, fault, isDoubtful ? doubtful : ended);
    },
    askAgain() {
      const due = [...ended].flatMap(([source, untilMs]) => (untilMs <= health.now() ? [source] : []));
      for (const source of due) ended.delete(source);
      return due;
    },
    isRangeless: source => health.isRangeless(source, id),
    foundRangeless: source => health.foundRangeless(source, id),
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
      const told = [...failures].map(([source, fault]) => `${source.name}: ${faultLine(fault)}`);
      const cause =
        faults.length > 1 ? new AggregateError(faults, `${faults.length} sources failed`) : faults[0];
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
