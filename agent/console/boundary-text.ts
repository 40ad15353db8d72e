// Where the computer stands in the network, as policy's boundary groups see it, and whom that makes it ask for content.
import type { Source } from '../distribution/source.ts';
import type { Boundary } from '../policy/boundary.ts';

/** `in Graz (subnet 10.1.0.0/16 holds 10.1.4.7); next to Linz, Wien`, without a full stop. */
export function boundaryText({ groups, neighbours }: Pick<Boundary, 'groups' | 'neighbours'>): string {
  const own =
    groups.length === 0
      ? 'in no boundary group'
      : `in ${groups.map(({ name, why }) => `${name} (${why})`).join(', ')}`;
  return neighbours.length === 0 ? own : `${own}; next to ${neighbours.join(', ')}`;
}

/** @param points in the order in which they are asked. @returns one line each, with the level where policy gives one. */
export function pointLines(points: readonly Source[]): string[] {
  return points.map(({ name, level }) => (level === undefined ? name : `${name} (${level})`));
}
