// Times contestants in turns, so that a busy moment of the machine meets all of them, and compares medians.

/**
 * Lets every contestant run once unmeasured (page cache, compilers' caches), then once in each round.
 * @param contestants `{ name, run, before? }`; `run` answers `{ peakBytes?, after? }`: the most memory its process had, and what is still to be done
 * before the next one; `before` and `after` are not timed.
 * @returns per contestant: name, seconds of each round, their median, ratio to the first contestant's, peak memory in MB.
 */
export async function inRounds(contestants, rounds) {
  const measured = contestants.map(({ name }) => ({ name, seconds: [], peaks: [] }));
  for (const { run, before } of contestants) {
    await before?.();
    const { after } = (await run()) ?? {};
    await after?.();
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, { run, before }] of contestants.entries()) {
      await before?.();
      const started = performance.now();
      const { peakBytes, after } = (await run()) ?? {};
      measured[at].seconds.push((performance.now() - started) / 1000);
      await after?.();
      if (peakBytes !== undefined) measured[at].peaks.push(peakBytes);
    }
  }
  const base = medianOf(measured[0].seconds);
  return measured.map(({ name, seconds, peaks }) => ({
    name,
    median: round3(medianOf(seconds)),
    ratio: round3(medianOf(seconds) / base),
    ...(peaks.length > 0 ? { peakMB: Math.round(Math.max(...peaks) / 1e6) } : {}),
    seconds: seconds.map(round3),
  }));
}

/** The results as lines for a person. */
export function tableOf(results) {
  const width = Math.max(...results.map(({ name }) => name.length));
  const line = ({ name, median, ratio, peakMB }) =>
    `  ${name.padEnd(width)}  ${`${median.toFixed(2)} s`.padStart(9)}  ${ratio.toFixed(2).padStart(6)}  ${peakMB === undefined ? '' : `${peakMB} MB`.padStart(7)}`;
  return [
    `  ${''.padEnd(width)}  ${'median'.padStart(9)}  ${'ratio'.padStart(6)}  ${'peak'.padStart(7)}`,
    ...results.map(line),
  ].join('\n');
}

function medianOf(numbers) {
  const ordered = numbers.toSorted((a, b) => a - b);
  return ordered[Math.floor(ordered.length / 2)];
}

function round3(number) {
  return Math.round(number * 1000) / 1000;
}
