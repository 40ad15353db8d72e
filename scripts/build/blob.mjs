// Makes the blob that an executable carries: sea-config.json completed for one platform, run by Node of the version that will read it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { at } from '../setup/place.mjs';
import { run } from '../setup/program.mjs';
import { SCRIPTS } from './bundle.mjs';
import { makeCodeCaches } from './code-cache.mjs';
import { PLATFORMS } from './platforms.mjs';
import { canRunWindowsNode, withWindowsNode } from './windows-node.mjs';

/**
 * Returns the path of `name`'s blob, made in `folder` of the bundle that lies there.
 * @param addon path of the native add-on, where it is not npm's
 */
export async function makeBlob(folder, name, addon = PLATFORMS[name].addon) {
  const { maker, node } = PLATFORMS[name];
  const output = join(folder, `${name}.blob`);
  const assets = {
    'start-worker.cjs': join(folder, 'start-worker.cjs'),
    'ffi-rs.js': at('node_modules/ffi-rs/index.js'),
    'ffi-rs.node': addon,
  };
  // Only the very Node that will take the cache makes one that it takes: V8's of Linux is refused by node.exe.
  const scripts = SCRIPTS.map(script => ({
    source: join(folder, `${script}.js`),
    cache: join(folder, `${name}-${script}.cache`),
  }));
  const make = runNode => makeCodeCaches(runNode, scripts);
  if (maker === node) await make(words => run(maker, words));
  else if (name === 'win' && canRunWindowsNode()) await withWindowsNode(node, folder, make);
  for (const [n, { source, cache }] of scripts.entries()) {
    assets[`${SCRIPTS[n]}.js`] = source;
    if (existsSync(cache)) assets[`${SCRIPTS[n]}.cache`] = cache;
  }
  const settings = JSON.parse(readFileSync(at('sea-config.json'), 'utf8'));
  const file = join(folder, `${name}-sea-config.json`);
  // The name of `main` is in the blob: a short one is the same wherever it was made.
  writeFileSync(file, JSON.stringify({ ...settings, main: 'main.cjs', output, assets }, undefined, 2));
  await run(maker, ['--experimental-sea-config', file], { cwd: folder });
  return output;
}
