// Fetching one large file from nginx on loopback, verified and durable, against the usual tools: curl, and then openssl over what it wrote.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundle } from '../build/bundle.mjs';
import { at, NODE } from '../setup/place.mjs';
import { find, run } from '../setup/program.mjs';
import { Advice } from '../setup/say.mjs';
import { randomFile } from './random-file.mjs';

export const title = 'fetching one file from nginx, verified, against curl and then openssl';
export const aims =
  'Aims: at most 1.0 of curl -o followed by openssl dgst -sha256 (two cores), below 200 MB. What Prestage fetched is flushed to the disk, as after the sync; without that the tools leave it in the page cache.';

const DEFAULT_MIB = 1024;

/** @param where folder for what is fetched, when it is not to lie beside the rest. */
export async function prepare({ folder, mib = DEFAULT_MIB, where = folder }) {
  const [curl, openssl, sync] = [needed('curl'), needed('openssl'), needed('sync')];
  needed('nginx');
  mkdirSync(where, { recursive: true });
  const file = join(folder, `file-${mib}.bin`);
  const [served, volume, curled] = [join(folder, 'dp'), join(where, 'volume'), join(where, 'curled.bin')];
  const reference = join(folder, 'reference.json');
  await randomFile(file, mib);
  const program = await bundleOne(folder, 'scripts/bench/fetch-item.ts', 'cjs');
  const { worker } = await bundle(folder, 'bench');
  await run(NODE, [program, 'publish', file, served, reference, worker]);
  // The equipment of the tests is TypeScript, and a bench may be started by a Node that does not take it.
  const { startNginx } = await import(
    pathToFileURL(await bundleOne(folder, 'test/support/nginx.ts', 'esm')).href
  );
  const nginx = await startNginx(served);
  const url = `${nginx.url}/content/BEN00001/1/files/file-${mib}.bin`;
  const clear = async () => {
    rmSync(curled, { force: true });
    rmSync(volume, { recursive: true, force: true });
    mkdirSync(volume);
    // What an earlier contestant left in the page cache must not be written out on the next one's time.
    await run(sync, []);
  };
  const curlOnly = () => run(curl, ['-sS', '-o', curled, url]);
  return {
    contestants: [
      {
        name: 'curl -o, then openssl dgst -sha256',
        before: clear,
        run: async () => {
          await curlOnly();
          await run(openssl, ['dgst', '-sha256', curled]);
        },
      },
      {
        name: 'curl -o, then openssl dgst -sha256, then sync',
        before: clear,
        run: async () => {
          await curlOnly();
          await run(openssl, ['dgst', '-sha256', curled]);
          await run(sync, ['-d', curled]);
        },
      },
      {
        name: 'prestage, 2 workers, flushed',
        before: clear,
        run: async () =>
          JSON.parse(await run(NODE, [program, 'acquire', nginx.url, volume, reference, worker])),
      },
    ],
    close: async () => {
      await clear();
      if (where !== folder) rmSync(where, { recursive: true });
      await nginx.close();
    },
  };
}

/** Bundled as the executable's code is: stripping types at each start would be measured, too. */
async function bundleOne(folder, source, format) {
  const { build } = await import('esbuild');
  const outfile = join(folder, `${source.split('/').at(-1)}.${format === 'esm' ? 'mjs' : 'cjs'}`);
  await build({
    absWorkingDir: at(),
    entryPoints: [source],
    outfile,
    bundle: true,
    platform: 'node',
    format,
    target: 'node20',
    logOverride: { 'empty-import-meta': 'silent' },
  });
  return outfile;
}

function needed(name) {
  const program = find(name);
  if (program === undefined) throw new Advice(`The bench needs ${name}, which is not installed.`);
  return program;
}
