// How many connections each source of a rank may have, so that no server gets more than the limit from all of them together.
import type { Source } from './source.ts';

/** @returns the source's part of `most`; at least one, also where more sources than that are on one server. */
export function connectionsOf(source: Source, rank: readonly Source[], most: number): number {
  const server = serverOf(source);
  const neighbours = rank.filter(other => serverOf(other) === server);
  const [each, over] = [Math.floor(most / neighbours.length), most % neighbours.length];
  return Math.max(1, each + (neighbours.indexOf(source) < over ? 1 : 0));
}

/**
 * Before sources work together: each may have its part of the connections from now on, and others on the same servers let go of theirs.
 * @param parts connections of this thread, by source; at least one each
 */
export async function makeRoom(parts: ReadonlyMap<Source, number>, all: readonly Source[]): Promise<void> {
  const servers = new Set([...parts.keys()].map(serverOf));
  const others = all.filter(source => !parts.has(source) && servers.has(serverOf(source)));
  await Promise.all([
    ...others.map(source => source.letGo?.()),
    ...[...parts].map(([source, most]) => source.limitConnections?.(most)),
  ]);
}

/** @returns whether another of `sources` is on the same server. */
export function sharesServer(source: Source, sources: readonly Source[]): boolean {
  return sources.some(other => other !== source && serverOf(other) === serverOf(source));
}

/** Scheme and port may differ: it is one machine all the same. Folders and shares are servers of their own. */
function serverOf({ name }: Source): string {
  const url = /^https?:/i.test(name) && URL.canParse(name) ? new URL(name) : undefined;
  return url?.hostname ?? name;
}
