// One check that both imaging libraries need, because they differ: libwim makes a missing target, wimgapi refuses it.
import { stat } from 'node:fs/promises';
import { Fault } from '../fault/fault.ts';

/** @throws Fault USAGE-08 when `folder` is not an existing folder. */
export async function requireFolder(folder: string): Promise<void> {
  const stats = await stat(folder).catch(() => undefined);
  if (!stats?.isDirectory())
    throw new Fault('USAGE-08', folder, {
      expected: 'a folder',
      found: stats ? 'something else' : 'nothing',
    });
}
