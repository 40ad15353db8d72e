// The pre-flight: would the agent and its native add-on start in this image? Every DLL that they import, the API sets among them, and the machine.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readImports } from '../build/imports.mjs';
import { PLATFORMS } from '../build/platforms.mjs';
import { machineOf } from '../build/portable-executable.mjs';
import { isApiSet, readApiSets } from './api-sets.mjs';

const SYSTEM32 = '/windows/system32/';
const PLATFORM_OF = { x64: 'win', arm64: 'win-arm64' };

/**
 * What a program imports, sorted and in lower case. `delayed` is wanted on first use, and an `ext-` set among it never: the program asks first
 * whether it is there (Microsoft, "Detect API set availability").
 */
export function importsOf(bytes) {
  const { imports, delayImports } = readImports(bytes);
  const sorted = names => [...new Set(names.map(name => name.toLowerCase()))].sort();
  const all = sorted(imports);
  return {
    dlls: all.filter(name => !isApiSet(name)),
    apiSets: all.filter(isApiSet),
    delayed: sorted(delayImports).filter(name => !name.startsWith('ext-')),
  };
}

/**
 * The imports of the agent and of the add-on that it carries. Where the add-on is not installed, the list that the build wrote beside the agent
 * stands in for it; `unknown` names what neither tells.
 */
export function importsOfAgent({ file, content, machine }) {
  const own = { [file.split(/[\\/]/).pop()]: importsOf(content) };
  const addon = PLATFORMS[PLATFORM_OF[machine]]?.addon;
  if (addon === undefined) return { imports: own, unknown: 'the native add-on' };
  const name = addon.split(/[\\/]/).pop();
  if (existsSync(addon)) return { imports: { ...own, [name]: importsOf(readFileSync(addon)) } };
  const list = join(dirname(file), 'imports.json');
  const written = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8'))[name] : undefined;
  return written === undefined ? { imports: own, unknown: name } : { imports: { ...own, [name]: written } };
}

/**
 * @param {ReadonlyMap<string, object>} listing of the image (wim-images.mjs)
 * @param {(entry: object) => Promise<Buffer>} read a file of the image
 * @returns missing DLLs; API sets with what stands behind them; the image's machine; whether its schema could be read
 */
export async function judgeImage(imports, listing, read) {
  const entryOf = name => listing.get(SYSTEM32 + name);
  const all = Object.values(imports);
  const wanted = [...new Set(all.flatMap(({ dlls, apiSets, delayed }) => [...dlls, ...apiSets, ...delayed]))];
  const dlls = wanted.filter(name => !isApiSet(name)).sort();
  const schema = entryOf('apisetschema.dll');
  const hostsOf = schema && readApiSets(await read(schema));
  const apiSets = wanted.filter(isApiSet).map(name => {
    const hosts = hostsOf?.(name) ?? [];
    const isThere = hosts.length > 0 && hosts.every(host => entryOf(host));
    return { name, hosts, resolved: hostsOf === undefined ? undefined : isThere };
  });
  const missing = [
    ...dlls.filter(name => entryOf(name) === undefined),
    ...apiSets.filter(({ resolved }) => resolved === false).map(withHosts),
  ].sort();
  const machines = {};
  for (const name of ['ntdll.dll', 'kernel32.dll']) {
    const entry = entryOf(name);
    if (entry) machines[name] = machineOf(await read(entry));
  }
  return { missing, dlls, apiSets, machines, readsApiSets: hostsOf !== undefined };
}

/** That an API set is not there means a DLL is not: the one that the schema names, if it names one. */
const withHosts = ({ name, hosts }) => (hosts.length === 0 ? name : `${name} (${hosts.join(', ')})`);
