// Makes the blob that an executable carries: sea-config.json completed for one platform, run by Node of the version that will read it.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { at } from '../setup/place.mjs';
import { run } from '../setup/program.mjs';
import { makeCodeCache } from './code-cache.mjs';
import { PLATFORMS } from './platforms.mjs';

/**
 * Returns the path of `name`'s blob, made in `folder` of the bundle that lies there.
 * @param addon path of the native add-on, where it is not npm's
 */
export async function makeBlob(folder, name, addon = PLATFORMS[name].addon) {
  const { maker, node } = PLATFORMS[name];
  const output = join(folder, `${name}.blob`);
  const assets = {
    'program.js': join(folder, 'program.js'),
    'worker.cjs': join(folder, 'worker.cjs'),
    'ffi-rs.js': at('node_modules/ffi-rs/index.js'),
    'ffi-rs.node': addon,
  };
  // Only Node for this very system makes a cache that it takes itself: V8's of Linux is refused by node.exe.
  if (maker === node) {
    assets['program.cache'] = join(folder, `${name}.cache`);
    await makeCodeCache(maker, assets['program.js'], assets['program.cache']);
  }
  const settings = JSON.parse(readFileSync(at('sea-config.json'), 'utf8'));
  const file = join(folder, `${name}-sea-config.json`);
  // The name of `main` is in the blob: a short one is the same wherever it was made.
  writeFileSync(file, JSON.stringify({ ...settings, main: 'main.cjs', output, assets }, undefined, 2));
  await run(maker, ['--experimental-sea-config', file], { cwd: folder });
  return output;
}
