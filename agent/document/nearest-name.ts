// The name that a mistyped one is most like, for messages. Pure.

/**
 * @returns the candidate with the fewest letters added, taken away or changed (Levenshtein); undefined when none is like it.
 * @param likeness which part of the letters may differ: 2 is half of them, 3 a third.
 */
export function nearestName(name: string, candidates: readonly string[], likeness = 2): string | undefined {
  const [best] = candidates
    .map(candidate => ({ candidate, distance: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(name.length, best.candidate.length) / likeness
    ? best.candidate
    : undefined;
}

function distance(a: string, b: string): number {
  // A name of a thousand letters is like no name of twenty: the work stays small.
  if (Math.abs(a.length - b.length) > 64) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(
        Math.min((row[j] ?? 0) + (letter === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1),
      );
    }
    row = next;
  }
  return row[b.length] ?? Number.POSITIVE_INFINITY;
}
