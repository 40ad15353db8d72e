// Runs a script that the executable carries as an asset, from V8's code cache where there is one. Any thread may: assets are the process's.
import path from 'node:path';
import { getAssetKeys, getRawAsset } from 'node:sea';
import { Script } from 'node:vm';

/**
 * @param name of the assets: `NAME.js` is a CommonJS module as one function expression, `NAME.cache` V8's code cache of it. A cache that this V8 does
 * not take (another build of Node) costs time, nothing else.
 * @returns what the module exports. What it requires is a module of Node, or an asset of that name: a library that is only loaded when it is needed.
 */
export function loadScript(name: string): unknown {
  const filename = `${name}.js`;
  // The build writes ASCII; a string of one byte a character is also what V8 reads fastest.
  const source = assetBytes(filename).toString('latin1');
  const cache = `${name}.cache`;
  const cached = getAssetKeys().includes(cache) ? { cachedData: assetBytes(cache) } : {};
  const script = new Script(source, { filename, ...cached });
  const module = { exports: {} };
  const libraries = new Map<string, unknown>();
  const required = (wanted: string): unknown => {
    const found = process.getBuiltinModule(wanted) ?? libraries.get(wanted) ?? loadScript(wanted);
    libraries.set(wanted, found);
    return found;
  };
  script.runInThisContext()(
    module.exports,
    required,
    module,
    process.execPath,
    path.dirname(process.execPath),
  );
  return module.exports;
}

function assetBytes(name: string): Buffer {
  return Buffer.from(getRawAsset(name));
}
