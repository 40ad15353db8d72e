// The site that the publish benches measure with: twenty packages of a thousand files, 2 GB of what nobody can compress, made once and kept.
import { randomFillSync } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../build.mjs';
import { at, BUILD, NODE } from '../setup/place.mjs';
import { run } from '../setup/program.mjs';
import { say } from '../setup/say.mjs';

const PACKAGES = 20;
const FILES_A_PACKAGE = 1000;
const FILES_A_FOLDER = 20;

/** Most files are small and most bytes are in large ones, as in real packages: 1 to 650 kB, evenly by orders of magnitude. */
const SMALLEST = 1000;
const SPREAD = 650;

/** @returns the site, the folder of all its sources, and the executable to measure (a copy: a build meanwhile does not matter). */
export async function publishSite(folder) {
  mkdirSync(folder, { recursive: true });
  const site = join(folder, 'site');
  const made = join(folder, 'made');
  if (!existsSync(made)) {
    say('making 20,000 files, 2 GB');
    rmSync(site, { recursive: true, force: true });
    mkdirSync(join(site, 'keys'), { recursive: true });
    writeFileSync(
      join(site, 'site.yaml'),
      'site: CON\nname: Contoso\nkeys: { policy: policy, media: media }\n',
    );
    const random = numbers(7);
    for (let n = 0; n < PACKAGES; n += 1) makePackage(site, n, random);
    await run(NODE, [at('agent', 'main.ts'), 'keys', 'new', 'policy', '--in', join(site, 'keys')]);
    writeFileSync(made, '');
  }
  await build('linux');
  const prestage = join(folder, 'prestage');
  rmSync(prestage, { force: true });
  copyFileSync(join(BUILD, 'prestage'), prestage);
  return { site, sources: join(site, 'content'), prestage };
}

function makePackage(site, number, random) {
  const id = `CON${(0x100 + number).toString(16).toUpperCase().padStart(5, '0')}`;
  const folder = join(site, 'content', id);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'content.yaml'),
    `id: ${id}\ntype: package\nname: Package ${number}\nversion: "1"\nsource: files\n`,
  );
  const bytes = Buffer.alloc(SMALLEST * SPREAD);
  for (let n = 0; n < FILES_A_PACKAGE; n += 1) {
    const below = join(folder, 'files', `folder ${Math.floor(n / FILES_A_FOLDER)}`);
    if (n % FILES_A_FOLDER === 0) mkdirSync(below, { recursive: true });
    const size = Math.round(SMALLEST * SPREAD ** random());
    randomFillSync(bytes, 0, size);
    writeFileSync(join(below, `file ${n}.bin`), bytes.subarray(0, size));
  }
}

/** The same numbers from 0 to 1 at each run. */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}
