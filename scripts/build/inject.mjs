// Puts the blob into a copy of Node with postject, in a process of its own: LIEF, which it carries, is slow and busy.
import { at, NODE } from '../setup/place.mjs';
import { run } from '../setup/program.mjs';

/** Node looks for a resource (PE) or note (ELF) of this name once the fuse is flipped. Source: Node's documentation of single executable applications. */
const RESOURCE = 'NODE_SEA_BLOB';
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** Changes `executable` in place. */
export async function inject(executable, blob) {
  await run(NODE, [
    at('node_modules/postject/dist/cli.js'),
    executable,
    RESOURCE,
    blob,
    '--sentinel-fuse',
    FUSE,
  ]);
}
