// Loads the program proper, which takes longer than the start of Node itself: from its source when run unbuilt, from an asset of the
// executable when built. So main.ts, which the executable compiles in any case, can say something first.
import path from 'node:path';
import { getAssetKeys, getRawAsset, isSea } from 'node:sea';
import { Script } from 'node:vm';

type ProgramModule = typeof import('./open-program.ts');

/** The names of the assets in the executable: a CommonJS module as one function expression, and V8's code cache of it, where there is one. */
const SOURCE_ASSET = 'program.js';
const CACHE_ASSET = 'program.cache';

/** A cache that this V8 does not take (another build of Node) costs time, nothing else. */
export async function loadProgram(): Promise<ProgramModule> {
  if (!isSea()) return await import('./open-program.ts');
  // The build writes ASCII; a string of one byte a character is also what V8 reads fastest.
  const source = assetBytes(SOURCE_ASSET).toString('latin1');
  const cached = getAssetKeys().includes(CACHE_ASSET) ? { cachedData: assetBytes(CACHE_ASSET) } : {};
  const script = new Script(source, { filename: SOURCE_ASSET, ...cached });
  const module = { exports: {} };
  script.runInThisContext()(
    module.exports,
    builtin,
    module,
    process.execPath,
    path.dirname(process.execPath),
  );
  return module.exports as ProgramModule;
}

function assetBytes(name: string): Buffer {
  return Buffer.from(getRawAsset(name));
}

/** All that the bundle still requires. */
function builtin(name: string): unknown {
  const found = process.getBuiltinModule(name);
  if (found === undefined) throw new Error(`${name} is no module of Node`);
  return found;
}
