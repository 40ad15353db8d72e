// V8's code cache of the program, the same bytes at each build: compiling takes a fifth of the time with it.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

/**
 * Where V8 keeps the hash of the flags in a cache: magic number, version, source, flags, four bytes each; then the length and checksum of what
 * follows. Source: V8, src/snapshot/code-serializer.h, SerializedCodeData.
 */
const FLAG_HASH = { offset: 12, bytes: 4 };

/**
 * Writes the cache of `source` that the Node behind `runNode` accepts (it must be the Node that runs it: another version, or another system, refuses it).
 * The order of V8's tables follows its hash seed, which is new for each process. A fixed one gives the same bytes, but is one of the flags,
 * so the hash of the flags is taken from a cache that was made without. The strings in a cache are hashed anew where it is read.
 */
export async function makeCodeCache(runNode, source, file) {
  const make = async (name, ...flags) => {
    await runNode([...flags, fileURLToPath(import.meta.url), source, `${file}.${name}`]);
    return readFileSync(`${file}.${name}`);
  };
  const [fixed, ordinary] = await Promise.all([make('fixed', '--hash-seed=1'), make('ordinary')]);
  ordinary.copy(fixed, FLAG_HASH.offset, FLAG_HASH.offset, FLAG_HASH.offset + FLAG_HASH.bytes);
  writeFileSync(file, fixed);
  await runNode([fileURLToPath(import.meta.url), source, '--proven-by', file]);
}

/** In a process of its own: `SOURCE CACHE` writes a cache, `SOURCE --proven-by CACHE` fails when V8 does not take it. */
function work(source, ...[word, cache]) {
  const options = { filename: 'program.js' };
  const text = readFileSync(source, 'latin1');
  if (word !== '--proven-by') return writeFileSync(word, new Script(text, options).createCachedData());
  const { cachedDataRejected } = new Script(text, { ...options, cachedData: readFileSync(cache) });
  if (cachedDataRejected !== false) throw new Error(`Node ${process.version} does not take ${cache}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) work(...process.argv.slice(2));
