// A source that is watched while it works: how long it takes until an answer begins, which is what another request costs.
import type { Clock } from '../progress/clock.ts';
import type { Source } from './source.ts';
import type { SourceHealth } from './source-health.ts';

/** Retries are in the time as well; a source that stalls for once shall not make every gap worth fetching. */
const MOST_SECONDS = 2;

/** @returns the same source; each answer is told to `health`. */
export function timedSource(source: Source, health: SourceHealth, clock: Clock): Source {
  const timing = (): (() => void) => {
    const begun = clock.ticks();
    return () => health.answered(source, Math.min(MOST_SECONDS, (clock.ticks() - begun) / 1000));
  };
  return {
    ...source,
    // Accounts may become known later.
    get address() {
      return source.address;
    },
    // How long the whole of it takes tells of the line, not of a request.
    readDocument: (path, options) => source.readDocument(path, { ...options, onAnswer: timing() }),
    async read(path, options) {
      const answered = timing();
      const stream = await source.read(path, options);
      answered();
      return stream;
    },
  };
}
