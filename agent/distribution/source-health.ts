// What a run has learned of its sources: how fast each answers and delivers, which one is set aside, why and until when, and which one lied
// about what. Kept for the whole run, so that the next item does not learn it again.
import type { Fault } from '../fault/fault.ts';
import type { Clock } from '../progress/clock.ts';
import { SOURCE_LEVELS, type Source } from './source.ts';
import { endsTheSource, isLie } from './source-failure.ts';
import { CONTENT_ONLY } from './template-source.ts';

export interface SetAside {
  readonly source: string;
  readonly fault: Fault;
  /** Ticks of the clock. */
  readonly untilMs: number;
}

export interface SourceHealth {
  /** The source failed while `item` was fetched from it. One that lied is never asked for that item again; one that is not reached or fails, not for a while. */
  failed(source: Source, item: string, fault: Fault): void;
  /** Bytes came: whatever was held against the source (lies apart) is forgotten. `seconds` is the time of one connection. */
  served(source: Source, bytes: number, seconds: number): void;
  /** It took so long until the head of an answer was there. */
  answered(source: Source, seconds: number): void;
  /**
   * The sources in the order in which they are to be asked, in ranks: those of one rank are as near and as much wanted, the fastest first. One that lied
   * about `item` is left out; those that are set aside form the last rank, since a doubtful source is better than none.
   */
  ranks(sources: readonly Source[], item: string): readonly (readonly Source[])[];
  /** Bytes that one connection would have brought in the time that another request costs: a gap of fewer is fetched along. */
  requestCostBytes(source: Source): number;
  /** Bytes per second of one connection; undefined before anything was measured. */
  speed(source: Source): number | undefined;
  setAside(): readonly SetAside[];
  /** It answered a range of `item` with the whole file, or ranges of two others: an answer of the moment, by one cache among many, is not held against the whole run. */
  isRangeless(source: Source, item: string): boolean;
  foundRangeless(source: Source, item: string): void;
  /** Lower is asked first: nearness, then what the admin wants. Sources of one rank have the same. */
  place(source: Source): number;
  /** Why and until when it is set aside; undefined when it is not. */
  aside(source: Source): SetAside | undefined;
  /** Ticks of the clock. */
  now(): number;
  /** What the source lied about this item, if it did. */
  lie(source: Source, item: string): Fault | undefined;
}

/** A source that fails again is left alone twice as long. */
const ASIDE_MS = { first: 30_000, most: 10 * 60_000 } as const;

/** @returns how long a source is left alone that has failed `failures` times before, at least as long as it asked for itself. */
export function asideMs(failures: number, { detail: { retryAfterMs } }: Fault): number {
  const waitMs = Math.min(ASIDE_MS.most, ASIDE_MS.first * 2 ** failures);
  const askedMs = typeof retryAfterMs === 'number' ? retryAfterMs : 0;
  return Math.max(waitMs, Math.min(askedMs, ASIDE_MS.most));
}

/** So many items of which a source gave no parts tell that it gives parts of none. */
const TELLING_ITEMS = 2;

/** Guesses until something is measured: an office network. */
const UNMEASURED = { bytesPerSecond: 10_000_000, answerSeconds: 0.005 } as const;

/** Less is not worth a look, more would make the fewest bytes too many. */
const GAP_BYTES = { least: 4 * 1024, most: 512 * 1024 } as const;

/** The weight of the newest measurement. */
const NEWEST = 0.3;

/** Too little to tell a speed from. */
const TELLING_BYTES = 64 * 1024;

interface Known {
  bytesPerSecond?: number;
  answerSeconds?: number;
  failures: number;
  readonly rangelessFor: Set<string>;
  aside?: SetAside;
  readonly liedAbout: Map<string, Fault>;
}

/** What people are told. */
export interface SourceWords {
  /** Once a time. */
  aside(aside: SetAside): void;
  lied(source: string, item: string, fault: Fault): void;
  /** It has not one of the item's files. */
  lacks(source: string, item: string, fault: Fault): void;
}

const SILENT: SourceWords = { aside() {}, lied() {}, lacks() {} };

/** @returns the memory of one run, empty. */
export function openSourceHealth(clock: Clock, words: SourceWords = SILENT): SourceHealth {
  /** By name: a source may be opened anew under the same address. */
  const known = new Map<string, Known>();
  const of = ({ name }: Source): Known => {
    const found = known.get(name) ?? { failures: 0, liedAbout: new Map(), rangelessFor: new Set<string>() };
    known.set(name, found);
    return found;
  };
  const isAside = (source: Source): boolean => (of(source).aside?.untilMs ?? 0) > clock.ticks();
  const blend = (old: number | undefined, found: number): number =>
    old === undefined ? found : old + NEWEST * (found - old);

  return {
    failed(source, item, fault) {
      const about = of(source);
      if (isLie(fault)) {
        about.liedAbout.set(item, fault);
        words.lied(source.name, item, fault);
      } else if (endsTheSource(fault)) {
        const untilMs = clock.ticks() + asideMs(about.failures, fault);
        about.aside = { source: source.name, fault, untilMs };
        about.failures++;
        words.aside(about.aside);
      } else if (fault.code === 'NET-02' && fault.detail.found !== CONTENT_ONLY)
        words.lacks(source.name, item, fault);
    },
    served(source, bytes, seconds) {
      const about = of(source);
      about.failures = 0;
      delete about.aside;
      if (bytes >= TELLING_BYTES && seconds > 0)
        about.bytesPerSecond = blend(about.bytesPerSecond, bytes / seconds);
    },
    answered(source, seconds) {
      const about = of(source);
      about.answerSeconds = blend(about.answerSeconds, seconds);
    },
    ranks(sources, item) {
      const willing = sources.filter(source => !of(source).liedAbout.has(item));
      const good = willing.filter(source => !isAside(source));
      const speed = (source: Source): number => of(source).bytesPerSecond ?? UNMEASURED.bytesPerSecond;
      const ordered = good.toSorted((a, b) => rankOf(a) - rankOf(b) || speed(b) - speed(a));
      const ranks = [...Map.groupBy(ordered, rankOf).values()];
      const doubtful = willing.filter(isAside).toSorted((a, b) => rankOf(a) - rankOf(b));
      return [...ranks, ...doubtful.map(source => [source])];
    },
    requestCostBytes(source) {
      const { bytesPerSecond, answerSeconds } = { ...UNMEASURED, ...of(source) };
      return Math.min(GAP_BYTES.most, Math.max(GAP_BYTES.least, Math.round(bytesPerSecond * answerSeconds)));
    },
    speed: source => of(source).bytesPerSecond,
    isRangeless(source, item) {
      const { rangelessFor } = of(source);
      return rangelessFor.has(item) || rangelessFor.size >= TELLING_ITEMS;
    },
    foundRangeless(source, item) {
      of(source).rangelessFor.add(item);
    },
    place: rankOf,
    aside: source => (isAside(source) ? of(source).aside : undefined),
    now: () => clock.ticks(),
    lie: (source, item) => of(source).liedAbout.get(item),
    setAside: () => [...known.values()].flatMap(({ aside }) => (aside !== undefined ? [aside] : [])),
  };
}

/** Nearness first, then what the admin wants. */
function rankOf({ level, name, priority }: Source): number {
  const near = level ?? (isLocal(name) ? 'local' : 'default');
  return SOURCE_LEVELS.indexOf(near) * LEVEL_STEP + priority;
}

/** A path, a `file:` URL without a host, or a volume's label: a disk of this machine, what is plugged in, or what somebody has mounted. */
export function isLocal(url: string): boolean {
  return /^(\/|[a-z]:[\\/]|file:\/\/\/|volume:)/i.test(url);
}

/** Priorities are 0 to 1000 in documents; those of the neighbours of a boundary stand one step of 1001 behind the other (policy/boundary.ts). */
const LEVEL_STEP = 10_000;
