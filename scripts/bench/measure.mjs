// Times contestants in turns, so that a busy moment of the machine meets all of them, and compares medians.
import { readFileSync } from 'node:fs';

/**
 * Lets every contestant run once unmeasured (page cache, compilers' caches), then once in each round.
 * @param contestants `{ name, run, before? }`; `run` answers `{ peakBytes?, after? }`: the most memory its process had, and what is still to be done
 * before the next one; `before` and `after` are not timed.
 * @param signal ends it before the next run
 * @returns per contestant: name, seconds of each round, their median, ratio to the first contestant's, CPU seconds (user and system, median) of the
 * processes that it started and waited for, peak memory in MB.
 */
export async function inRounds(contestants, rounds, signal) {
  const measured = contestants.map(({ name }) => ({ name, seconds: [], cpu: [], peaks: [] }));
  const once = async ({ run, before }, note) => {
    signal?.throwIfAborted();
    await before?.();
    const [started, cpu] = [performance.now(), cpuOfChildren()];
    const { peakBytes, after } = (await run()) ?? {};
    note?.((performance.now() - started) / 1000, cpuOfChildren() - cpu, peakBytes);
    await after?.();
  };
  for (const contestant of contestants) await once(contestant);
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, contestant] of contestants.entries())
      await once(contestant, (seconds, cpu, peakBytes) => {
        measured[at].seconds.push(seconds);
        measured[at].cpu.push(cpu);
        if (peakBytes !== undefined) measured[at].peaks.push(peakBytes);
      });
  }
  const base = medianOf(measured[0].seconds);
  return measured.map(({ name, seconds, cpu, peaks }) => ({
    name,
    median: round3(medianOf(seconds)),
    ratio: round3(medianOf(seconds) / base),
    cpuSeconds: round3(medianOf(cpu)),
    ...(peaks.length > 0 ? { peakMB: Math.round(Math.max(...peaks) / 1e6) } : {}),
    seconds: seconds.map(round3),
  }));
}

/** The results as lines for a person. */
export function tableOf(results) {
  return rowsOf(
    ['', 'median', 'ratio', 'CPU', 'peak'],
    results.map(({ name, median, ratio, cpuSeconds, peakMB }) => [
      name,
      `${median.toFixed(2)} s`,
      ratio.toFixed(2),
      `${cpuSeconds.toFixed(2)} s`,
      peakMB === undefined ? '' : `${peakMB} MB`,
    ]),
  );
}

/** A table for a person: the first column to the left, numbers to the right. */
export function rowsOf(head, rows) {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map(row => row[column].length)));
  return all
    .map(row =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])))
        .join('  '),
    )
    .map(line => `  ${line.trimEnd()}`)
    .join('\n');
}

/** What an aim says of a number, in one line. */
export function judged(what, value, atMost) {
  return `${value <= atMost ? 'met    ' : 'MISSED '} ${what}: ${value.toFixed(3)}, aim at most ${atMost}`;
}

/** The fastest of some contestants. */
export function fastestOf(results, names) {
  return results.filter(({ name }) => names.includes(name)).toSorted((a, b) => a.median - b.median)[0];
}

/** proc(5): user and system time of children that were waited for, and of theirs, in ticks of 1/100 s (USER_HZ). */
function cpuOfChildren() {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1).split(' ');
  const [user, system] = fields.slice(13, 15).map(Number);
  return (user + system) / 100;
}

function medianOf(numbers) {
  const ordered = numbers.toSorted((a, b) => a - b);
  return ordered[Math.floor(ordered.length / 2)];
}

function round3(number) {
  return Math.round(number * 1000) / 1000;
}
