// V8's code caches of the agent's scripts, the same bytes at each build: compiling takes a fifth of the time with them.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

/**
 * Where V8 keeps the hash of the flags in a cache: magic number, version, source, flags, four bytes each; then the length and checksum of what
 * follows. Source: V8, src/snapshot/code-serializer.h, SerializedCodeData.
 */
const FLAG_HASH = { offset: 12, bytes: 4 };

/**
 * Writes for each of `scripts` ({ source, cache }, both paths) the cache that the Node behind `runNode` accepts (it must be the Node that runs it: another
 * version, or another system, refuses it).
 * The order of V8's tables follows its hash seed, which is new for each process. A fixed one gives the same bytes, but is one of the flags,
 * so the hash of the flags is taken from a cache that was made without. The strings in a cache are hashed anew where it is read.
 */
export async function makeCodeCaches(runNode, scripts) {
  const own = fileURLToPath(import.meta.url);
  const made = async (name, ...flags) => {
    const files = scripts.map(({ source, cache }) => ({ source, cache: `${cache}.${name}` }));
    await runNode([...flags, own, 'make', ...files.flatMap(({ source, cache }) => [source, cache])]);
    return files.map(({ cache }) => readFileSync(cache));
  };
  // One after the other: two that are the first of a Wine prefix both start its server, and one of them may fail at that.
  const fixed = await made('fixed', '--hash-seed=1');
  const ordinary = await made('ordinary');
  const end = FLAG_HASH.offset + FLAG_HASH.bytes;
  for (const [n, { cache }] of scripts.entries()) {
    ordinary[n].copy(fixed[n], FLAG_HASH.offset, FLAG_HASH.offset, end);
    writeFileSync(cache, fixed[n]);
  }
  await runNode([own, 'prove', ...scripts.flatMap(({ source, cache }) => [source, cache])]);
}

/** In a process of its own, for pairs of source and cache: `make` writes the caches, `prove` fails when V8 does not take one. */
function work(word, ...files) {
  for (let n = 0; n < files.length; n += 2) {
    const [source, cache] = files.slice(n);
    const options = { filename: basename(source) };
    const text = readFileSync(source, 'latin1');
    if (word === 'make') {
      writeFileSync(cache, new Script(text, options).createCachedData());
      continue;
    }
    const { cachedDataRejected } = new Script(text, { ...options, cachedData: readFileSync(cache) });
    if (cachedDataRejected !== false) throw new Error(`Node ${process.version} does not take ${cache}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) work(...process.argv.slice(2));
