// Measures what the project promises to be fast, against well-known tools on the same bytes in the same run: ratios travel between machines, seconds do not.
//   npm run bench                           every bench
//   npm run bench -- check                  one of them
//   npm run bench -- check --rounds 3 --mib 256
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { inRounds, tableOf } from './bench/measure.mjs';
import { OUT } from './setup/place.mjs';
import { Advice, main, say } from './setup/say.mjs';

/**
 * A bench is a module with `title`, `aims` (in words) and `prepare({ folder, mib })`, which answers the named contestants (the first is what
 * the others' ratios are against) and how to clean up after them. Sizes are in MiB and have a default of the bench's own, as may `rounds`.
 */
const BENCHES = {
  check: () => import('./bench/check.mjs'),
  fetch: () => import('./bench/fetch.mjs'),
  'fetch-ram': () => import('./bench/fetch-ram.mjs'),
  machines: () => import('./bench/machines.mjs'),
  publish: () => import('./bench/publish.mjs'),
  'publish-unchanged': () => import('./bench/publish-unchanged.mjs'),
  'media-create': () => import('./bench/media-create.mjs'),
  'power-on': () => import('./bench/power-on.mjs'),
  'start-up': () => import('./bench/start-up.mjs'),
  'start-up-windows': () => import('./bench/start-up-windows.mjs'),
};

await main(import.meta.url, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { rounds: { type: 'string' }, mib: { type: 'string' } },
  });
  const names = positionals.length > 0 ? positionals : Object.keys(BENCHES);
  const unknown = names.find(name => !Object.hasOwn(BENCHES, name));
  if (unknown !== undefined)
    throw new Advice(`There is no bench "${unknown}"; there are: ${Object.keys(BENCHES).join(', ')}.`);
  for (const name of names) await runBench(name, await BENCHES[name](), values);
});

async function runBench(name, bench, { rounds, mib }) {
  const folder = join(OUT, 'bench', name);
  mkdirSync(folder, { recursive: true });
  say(`${name}: ${bench.title}`);
  const { contestants, close } = await bench.prepare({
    folder,
    mib: mib === undefined ? undefined : Number(mib),
  });
  try {
    const results = await inRounds(contestants, Number(rounds ?? bench.rounds ?? 5));
    writeFileSync(
      join(folder, 'result.json'),
      `${JSON.stringify({ name, title: bench.title, aims: bench.aims, results }, undefined, 2)}\n`,
    );
    process.stdout.write(`\n${name}: ${bench.title}\n${tableOf(results)}\n${bench.aims}\n\n`);
  } finally {
    await close?.();
  }
}
