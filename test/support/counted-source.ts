// Counts what a source delivers, byte by byte as it comes: also what is thrown away afterwards.
import type { Source } from '../../agent/distribution/source.ts';

/** The same source; `received` is told of every piece of a file. Other threads cannot open it. */
export function countedSource(source: Source, received: (bytes: number) => void): Source {
  const { address: _ofOtherThreads, ...rest } = source;
  return {
    ...rest,
    async read(from, options) {
      const stream = await source.read(from, options);
      return {
        ...stream,
        bytes: (async function* () {
          for await (const piece of stream.bytes) {
            received(piece.length);
            yield piece;
          }
        })(),
      };
    },
  };
}
