// The same fetch into a RAM disk: what the software costs, apart from what the disk of this machine happens to allow.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { Advice } from '../setup/say.mjs';
import { prepare as prepareFetch } from './fetch.mjs';

export { aims } from './fetch.mjs';
export const title =
  'fetching one file from nginx into a RAM disk, verified, against curl and aria2c and then openssl';

const RAM_DISK = '/dev/shm';

export async function prepare(options) {
  if (!existsSync(RAM_DISK))
    throw new Advice(`The bench needs a RAM disk at ${RAM_DISK}, which this system does not have.`);
  const where = mkdtempSync(`${RAM_DISK}/prestage-bench-`);
  options.atEnd(() => rmSync(where, { recursive: true }));
  return await prepareFetch({ ...options, where });
}
