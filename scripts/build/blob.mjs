// Makes the blob that an executable carries: sea-config.json completed for one platform, run by Node of the version that will read it.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { at, ROOT } from '../setup/place.mjs';
import { run } from '../setup/program.mjs';
import { makeCodeCache } from './code-cache.mjs';
import { PLATFORMS } from './platforms.mjs';

/** Returns the path of `name`'s blob. Paths in sea-config.json are relative to the checkout. */
export async function makeBlob(folder, name) {
  const { maker, node, addon } = PLATFORMS[name];
  const config = JSON.parse(readFileSync(at('sea-config.json'), 'utf8'));
  const output = join(folder, `${name}.blob`);
  const assets = { ...config.assets, 'ffi-rs.node': addon };
  // Only Node for this very system makes a cache that it takes itself: V8's of Linux is refused by node.exe.
  if (maker === node) {
    assets['program.cache'] = join(folder, `${name}.cache`);
    await makeCodeCache(maker, join(folder, 'program.js'), assets['program.cache']);
  }
  const file = join(folder, `${name}-sea-config.json`);
  writeFileSync(file, JSON.stringify({ ...config, output, assets }, undefined, 2));
  await run(maker, ['--experimental-sea-config', file], { cwd: ROOT });
  return output;
}
