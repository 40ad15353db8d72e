// Items that need each other in a circle: none of them could be installed first.

/**
 * Pure, and quick where there is no circle, however many items there are. Each circle is told once, as the way from its smallest ID back to it
 * (`A, B, C, A`); of those that leave that item over the same dependency, the shortest.
 * @param dependencies what each item needs; IDs that are no keys are left out.
 */
export function dependencyCircles(
  dependencies: ReadonlyMap<string, readonly string[]>,
): readonly (readonly string[])[] {
  const left = openTies(dependencies);
  const circles: (readonly string[])[] = [];
  for (const start of [...dependencies.keys()].sort()) {
    for (const first of left.needsOf(start)) {
      const way = shortestWay(first, start, left.needsOf);
      if (way !== undefined) circles.push([start, ...way]);
    }
    // Every circle through it is told.
    left.free(start);
  }
  return circles;
}

interface Ties {
  /** Of an item that is left, those that are left; nothing of another. */
  needsOf(id: string): readonly string[];
  free(id: string): void;
}

/** Whoever needs nothing goes, then whoever needs nothing else, and so on: who is left is in a circle, or needs somebody who is. */
function openTies(dependencies: ReadonlyMap<string, readonly string[]>): Ties {
  const left = new Map<string, Set<string>>();
  const neededBy = new Map<string, string[]>();
  for (const [id, needs] of dependencies) {
    left.set(id, new Set(needs.filter(each => dependencies.has(each))));
    for (const each of needs) {
      const others = neededBy.get(each);
      if (others === undefined) neededBy.set(each, [id]);
      else others.push(id);
    }
  }
  const freeAll = (ids: string[]): void => {
    for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
      left.delete(id);
      for (const other of neededBy.get(id) ?? []) {
        const needs = left.get(other);
        if (needs?.delete(id) && needs.size === 0) ids.push(other);
      }
    }
  };
  freeAll([...left].flatMap(([id, needs]) => (needs.size === 0 ? [id] : [])));
  return { needsOf: id => [...(left.get(id) ?? [])], free: id => freeAll([id]) };
}

/** @returns the way, both ends included. */
function shortestWay(
  from: string,
  to: string,
  needsOf: (id: string) => readonly string[],
): readonly string[] | undefined {
  const before = new Map<string, string | undefined>([[from, undefined]]);
  // A Map goes on to what is put into it meanwhile.
  for (const id of before.keys()) {
    if (id === to) return wayTo(id, before);
    for (const each of needsOf(id)) if (!before.has(each)) before.set(each, id);
  }
  return undefined;
}

function wayTo(end: string, before: ReadonlyMap<string, string | undefined>): readonly string[] {
  const way = [];
  for (let at: string | undefined = end; at !== undefined; at = before.get(at)) way.push(at);
  return way.reverse();
}
