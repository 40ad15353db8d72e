// Makes the blob that an executable carries: sea-config.json completed for one platform, run by Node of the same version.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { at, NODE, ROOT, windowsPart } from '../setup/place.mjs';
import { run } from '../setup/program.mjs';

const ADDON = {
  linux: at('node_modules/@yuuang/ffi-rs-linux-x64-gnu/ffi-rs.linux-x64-gnu.node'),
  win: windowsPart('@yuuang/ffi-rs-win32-x64-msvc/ffi-rs.win32-x64-msvc.node'),
};

/** Returns the path of `platform`'s blob. Paths in sea-config.json are relative to the checkout. */
export async function makeBlob(folder, platform) {
  const config = JSON.parse(readFileSync(at('sea-config.json'), 'utf8'));
  const output = join(folder, `${platform}.blob`);
  const complete = {
    ...config,
    output,
    // V8 takes a code cache only from the platform it was made on; elsewhere it warns and compiles anyway.
    useCodeCache: platform === 'linux',
    assets: { ...config.assets, 'ffi-rs.node': ADDON[platform] },
  };
  const file = join(folder, `${platform}-sea-config.json`);
  writeFileSync(file, JSON.stringify(complete, undefined, 2));
  await run(NODE, ['--experimental-sea-config', file], { cwd: ROOT });
  return output;
}
