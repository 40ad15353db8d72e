// Makes the executable for Linux: a copy of Node into which postject puts the blob, in a process of its own: LIEF, which it carries, is slow and busy.
import { copyFileSync } from 'node:fs';
import { at, NODE } from '../setup/place.mjs';
import { run } from '../setup/program.mjs';
import { FUSE, RESOURCE } from './blob-names.mjs';

/** Writes `file`: `node` (a path) that carries `blob` (a path). */
export async function makeLinuxExecutable(file, { node, blob }) {
  copyFileSync(node, file);
  const words = [file, RESOURCE, blob, '--sentinel-fuse', FUSE];
  await run(NODE, [at('node_modules/postject/dist/cli.js'), ...words]);
}
