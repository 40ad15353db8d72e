// Measures what the project promises to be fast, against well-known tools on the same bytes in the same run: ratios travel between machines, seconds do not.
//   npm run bench                           every bench
//   npm run bench -- check                  one of them
//   npm run bench -- check --rounds 3 --mib 256
//   npm run bench -- fetch --net 200mbit/20ms    over a slow line, which is made for it; needs root
//   npm run bench -- --help
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { inRounds, tableOf } from './bench/measure.mjs';
import { parseNetwork } from './bench/network/open-network.mjs';
import { OUT } from './setup/place.mjs';
import { Advice, main, say } from './setup/say.mjs';

/**
 * A bench is a module with `title`, `aims` (in words) and one of
 * - `prepare(options)`, which answers the named contestants (the first is what the others' ratios are against), and perhaps how to clean up after
 *   them (`close`) and what the results say of the aims (`judge`, lines);
 * - `measure(options)`, which answers its `results`, their `table` and what they say of the aims (`verdict`, lines).
 * Options: `folder`; `mib`, sizes in MiB, with a default of the bench's own, as may `rounds`; `seed`; `net`, the line to measure over, if the bench
 * says `takesNet`; `signal`, aborted when the bench is to stop; `atEnd(step)`, for what is to be undone then and in any case, the last first.
 */
const BENCHES = {
  check: () => import('./bench/check.mjs'),
  fetch: () => import('./bench/fetch.mjs'),
  'fetch-ram': () => import('./bench/fetch-ram.mjs'),
  'fetch-small': () => import('./bench/fetch-small.mjs'),
  'fetch-changed': () => import('./bench/fetch-changed.mjs'),
  'fetch-memory': () => import('./bench/fetch-memory.mjs'),
  'fetch-resume': () => import('./bench/fetch-resume.mjs'),
  machines: () => import('./bench/machines.mjs'),
  publish: () => import('./bench/publish.mjs'),
  'publish-unchanged': () => import('./bench/publish-unchanged.mjs'),
  'media-create': () => import('./bench/media-create.mjs'),
  'power-on': () => import('./bench/power-on.mjs'),
  'start-up': () => import('./bench/start-up.mjs'),
  'start-up-windows': () => import('./bench/start-up-windows.mjs'),
};

const HELP = `Measures what Prestage promises to be fast, against well-known tools on the same bytes in the same run.

  npm run bench                                 every bench
  npm run bench -- fetch fetch-small            some of them
  npm run bench -- fetch --rounds 3 --mib 256   shorter
  npm run bench -- fetch --net 200mbit/20ms     over a slow line, which is made for it; needs root

  --rounds N    measured rounds, of which the median counts; one more before them is not measured
  --mib N       how much is fetched, published or checked
  --seed N      what random content and random moments are drawn from
  --net LINE    rate and round trip

Benches: ${Object.keys(BENCHES).join(', ')}.
Results are kept in out/bench/NAME/result.json.`;

await main(import.meta.url, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      mib: { type: 'string' },
      net: { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return say(HELP);
  const names = positionals.length > 0 ? positionals : Object.keys(BENCHES);
  const unknown = names.find(name => !Object.hasOwn(BENCHES, name));
  if (unknown !== undefined)
    throw new Advice(`There is no bench "${unknown}"; there are: ${Object.keys(BENCHES).join(', ')}.`);
  const net = values.net === undefined ? undefined : parseNetwork(values.net);
  const modules = [];
  for (const name of names) modules.push([name, await BENCHES[name]()]);
  for (const [name, { takesNet }] of modules)
    if (net !== undefined && takesNet !== true)
      throw new Advice(`The bench "${name}" does not measure over a network: leave --net out.`);
  const signal = onStop();
  for (const [name, bench] of modules) await runBench(name, bench, { ...values, net, signal });
});

async function runBench(name, bench, { rounds, mib, seed = '1', net, signal }) {
  const folder = join(OUT, 'bench', name);
  mkdirSync(folder, { recursive: true });
  const line = net === undefined ? '' : ` (${net.mbit} Mbit/s, ${net.rttMs} ms)`;
  say(`${name}: ${bench.title}${line}`);
  const undo = [];
  const options = {
    folder,
    ...(mib === undefined ? {} : { mib: Number(mib) }),
    seed: Number(seed),
    net,
    signal,
    atEnd: step => undo.push(step),
  };
  try {
    const { results, table, verdict = [] } = await (bench.measure ?? inTurns)(options);
    const file = net === undefined ? 'result.json' : `result-${net.mbit}mbit-${net.rttMs}ms.json`;
    const { title, aims } = bench;
    writeFileSync(
      join(folder, file),
      `${JSON.stringify({ name, title, aims, ...(net ? { net } : {}), results, verdict }, undefined, 2)}\n`,
    );
    const judgement = verdict.map(said => `  ${said}\n`).join('');
    process.stdout.write(`\n${name}: ${title}${line}\n${table}\n${judgement}${aims}\n\n`);
  } catch (error) {
    throw signal.aborted ? signal.reason : error; // what broke then broke because it was stopped
  } finally {
    for (const step of undo.reverse()) await step();
  }

  async function inTurns(all) {
    const { contestants, close, judge } = await bench.prepare(all);
    if (close !== undefined) all.atEnd(close);
    const results = await inRounds(contestants, Number(rounds ?? bench.rounds ?? 5), signal);
    return { results, table: tableOf(results), verdict: judge?.(results) };
  }
}

/** Ctrl-C, or a signal to this process alone: whatever it has started is told, and then it cleans up. */
function onStop() {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'])
    process.on(name, () => {
      stop.abort(new Advice('Stopped.'));
      for (const pid of childrenOfThis()) process.kill(pid, 'SIGTERM');
    });
  return stop.signal;
}

/** proc(5): those of the thread that starts all processes. */
function childrenOfThis() {
  const text = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8');
  return text.split(' ').map(Number).filter(Boolean);
}
