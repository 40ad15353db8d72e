// Sources, distribution point and media lie apart: what is written into one of them must not become part of another.
import { lstat, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '../fault/fault.ts';
import type { Site } from './read-site.ts';

type Sources = Pick<Site, 'content'>;

/** A distribution point inside the site's sources, or the other way round, would publish itself. Fault: USAGE-09. */
export async function requireSeparate({ content }: Sources, point: string): Promise<void> {
  const found = await stat(point).catch(() => undefined); // Absent: it is made.
  if (found === undefined && (await lstat(point).catch(() => undefined)) !== undefined)
    throw new Fault('USAGE-09', point, { expected: 'a folder', found: 'a link that leads nowhere' });
  if (found !== undefined && !found.isDirectory())
    throw new Fault('USAGE-09', point, { expected: 'a folder', found: 'a file' });
  const place = await whereItLeads(point);
  for (const { id, sourceFolder } of content) {
    const source = await whereItLeads(sourceFolder);
    if (isWithin(place, source) || isWithin(source, place)) {
      throw new Fault('USAGE-09', point, {
        expected: 'a folder apart from every source',
        found: `the source of ${id} at ${sourceFolder}`,
      });
    }
  }
}

/**
 * Media in a source would be published with it, and on a distribution point everybody could fetch it, with the secrets that media without a
 * password carry in the clear. Fault: USAGE-09.
 */
export async function requireApart(wim: string, { content }: Sources, point: string): Promise<void> {
  const place = await whereItLeads(wim);
  const taken = [
    { what: 'the distribution point', folder: point },
    ...content.map(({ id, sourceFolder }) => ({ what: `the source of ${id}`, folder: sourceFolder })),
  ];
  for (const { what, folder } of taken)
    if (isWithin(place, await whereItLeads(folder)))
      throw new Fault('USAGE-09', wim, {
        expected: 'a place outside of sources and distribution point',
        found: `${what} at ${folder}`,
      });
}

/** Links resolved, as far as there is anything. */
async function whereItLeads(folder: string): Promise<string> {
  const above = path.dirname(folder);
  return realpath(folder).catch(async () =>
    above === folder ? folder : path.join(await whereItLeads(above), path.basename(folder)),
  );
}

function isWithin(inner: string, outer: string): boolean {
  const way = path.relative(outer, inner);
  return way === '' || (!way.startsWith(`..${path.sep}`) && way !== '..' && !path.isAbsolute(way));
}
