// Says of which files all is fetched because parts of them would cost more.
import type { AcquireRequest } from './acquire.ts';
import { bytesOf, joinedRuns, runsOf } from './chunk-runs.ts';
import type { FileWork } from './file-work.ts';
import type { TransferTools } from './lane-world.ts';
import type { Source } from './source.ts';

/** This part of a file is as good as all of it. */
const NEARLY_WHOLE = 0.9;

/** @returns what tells, once a file, that all of it is fetched since what is missing is too scattered. */
export function wholesTold(
  { reference }: AcquireRequest,
  { choice, world }: TransferTools,
): (works: readonly FileWork[], source: Source) => void {
  const told = new Set<FileWork>();
  return (works, source) => {
    for (const work of works) {
      const { file, index, missing } = work;
      if (index === undefined || !(missing instanceof Uint8Array) || told.has(work)) continue;
      const runs = runsOf(missing);
      const joined = joinedRuns(runs, index, choice.health.requestCostBytes(source));
      const bytes = bytesOf(joined, index);
      if (runs.length === 1 || joined.length > 1 || bytes < file.size * NEARLY_WHOLE) continue;
      told.add(work);
      const text = `${reference.id} ${file.path}: ${runs.length} parts of it (${bytesOf(runs, index)} bytes) would cost more than the whole: what lies between them is fetched along, ${bytes} bytes in all.`;
      world.observe({ kind: 'note', level: 'info', component: 'transfer', text });
    }
  };
}
