// Chooses the moments of one logged run at which the power shall go. Drawn over the record alone they would nearly all lie in bursts of writes,
// and drawn over time nearly all in pauses; the moment after something was promised is where a broken promise shows. So each has a third.

/**
 * @param log a run that was read (write-log.mjs)
 * @param count how many different points; fewer where the run has fewer
 * @param random numbers in [0, 1)
 * @param from,to points lie in [from, to]: from everything before entry `from` having happened to everything before entry `to`
 * @returns numbers of entries, ascending: at point p the first p entries have happened
 */
export function drawCrashPoints(log, { count, random, from = 0, to = log.entries.length }) {
  const { entries } = log;
  const points = new Set();
  const each = Math.ceil(count / 3);
  // One point in each of `each` equal parts: chance decides within a part, no part goes without.
  const strata = (low, high) =>
    Array.from({ length: each }, (_, at) => low + ((high - low) * (at + random())) / each);

  // After a mark: what it promised must hold.
  const marks = [];
  for (let at = from; at < to; at += 1) if (entries[at].kind === 'mark') marks.push(at + 1);
  const afterMarks =
    marks.length <= each ? marks : strata(0, marks.length).map(place => marks[Math.floor(place)]);
  const overEntries = strata(from, to + 1).map(Math.floor);
  const timeOf = point => (point === 0 ? 0 : entries[point - 1].timeMs);
  const overTime = strata(timeOf(from), timeOf(to)).map(timeMs => pointAt(entries, timeMs, from, to));
  for (const point of [...afterMarks, ...overTime, ...overEntries])
    if (points.size < count) points.add(point);

  const wanted = Math.min(count, to - from + 1);
  while (points.size < wanted) {
    const point = from + Math.floor(random() * (to - from + 1));
    points.add(points.has(point) ? nextFree(points, point, from, to) : point);
  }
  return [...points].sort((a, b) => a - b);
}

/** @returns the point at which everything up to a time has happened */
function pointAt(entries, timeMs, from, to) {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (entries[middle].timeMs <= timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function nextFree(points, point, from, to) {
  let free = point;
  while (points.has(free)) free = free === to ? from : free + 1;
  return free;
}
