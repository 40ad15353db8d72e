// The same fetch into a RAM disk: what the software costs, apart from what the disk of this machine happens to allow.
import { existsSync, mkdtempSync } from 'node:fs';
import { Advice } from '../setup/say.mjs';
import { prepare as prepareFetch } from './fetch.mjs';

export const title = 'fetching one file from nginx into a RAM disk, verified, against curl and then openssl';
export const aims =
  'Aims: at most 1.0 of curl -o followed by openssl dgst -sha256 (two cores), below 200 MB.';

const RAM_DISK = '/dev/shm';

export async function prepare(options) {
  if (!existsSync(RAM_DISK))
    throw new Advice(`The bench needs a RAM disk at ${RAM_DISK}, which this system does not have.`);
  return await prepareFetch({ ...options, where: mkdtempSync(`${RAM_DISK}/prestage-bench-`) });
}
