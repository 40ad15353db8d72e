// `media create` of about 1 GiB: proven, captured, digested and signed, against capturing the same two folders with wimlib-imagex and nothing else.
import { randomFillSync } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NODE } from '../setup/place.mjs';
import { run } from '../setup/program.mjs';
import { timed } from '../setup/say.mjs';
import { bundleProgram } from './bundle-program.mjs';
import { program } from './needed.mjs';
import { randomFile } from './random-file.mjs';

export const title = 'making a media of about 1 GiB, against wimlib-imagex capture of the same folders';
export const aims =
  'Aims: at most 1.10 of wimlib-imagex with its result flushed, which media create does, too; it proves all content and digests the WIM besides.';

const DEFAULT_MIB = 1024;
const FILES = 5000;

export async function prepare({ folder, mib = DEFAULT_MIB }) {
  const wimlib = await program('wimlib-imagex');
  const site = join(folder, `site-${mib}`);
  const point = join(folder, `dp-${mib}`);
  const media = join(folder, 'media.wim');
  const bare = join(folder, 'bare.wim');
  const trees = ['esp', 'volume'].map(name => join(folder, `tree-${mib}`, name));
  const { program: agent, worker } = await bundleProgram(folder, 'create-media.ts');
  await timed('made the site', () => makeSite(site, folder, mib, wimlib));
  await run(NODE, [agent, 'publish', site, point, worker]);
  const create = () => run(NODE, [agent, 'create', site, point, media, worker]);
  await create();
  for (const [image, tree] of trees.entries()) {
    rmSync(tree, { recursive: true, force: true });
    mkdirSync(tree, { recursive: true });
    await run(wimlib, ['apply', media, String(image + 1), tree]);
  }
  const capture = async () => {
    const [esp, volume] = trees;
    await run(wimlib, ['capture', esp, bare, 'ESP', '--compress=XPRESS', '--check']);
    await run(wimlib, ['append', volume, bare, 'volume', '--check']);
  };
  const before = () => {
    for (const made of [bare, media]) rmSync(made, { force: true });
  };
  return {
    contestants: [
      {
        name: 'wimlib-imagex, flushed',
        before,
        run: async () => {
          await capture();
          await run('sync', [bare]);
        },
      },
      { name: 'wimlib-imagex', before, run: capture },
      { name: 'prestage media create', before, run: async () => JSON.parse(await create()) },
    ],
    close: before,
  };
}

/** Three fifths an image that nothing compresses, the rest small files of which half of the bytes repeat, as those of programs do. */
async function makeSite(site, folder, mib, wimlib) {
  if (existsSync(join(site, 'site.yaml'))) return;
  const staging = `${site}.new`;
  rmSync(staging, { recursive: true, force: true });
  const image = join(folder, `image-${mib}`);
  mkdirSync(image, { recursive: true });
  await randomFile(join(image, 'windows.bin'), Math.round(mib * 0.6));
  const item = (id, type, files = {}) => {
    const home = join(staging, 'content', id);
    mkdirSync(join(home, 'files'), { recursive: true });
    writeFileSync(
      join(home, 'content.yaml'),
      `id: ${id}\ntype: ${type}\nname: ${id}\nversion: '1'\nsource: files\n`,
    );
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(home, 'files', name), bytes);
    return join(home, 'files');
  };
  const os = item('CON00001', 'os-image');
  await run(wimlib, ['capture', image, join(os, 'install.wim'), 'Windows', '--compress=none', '--check']);
  const packages = item('CON00002', 'package');
  const each = Math.floor((mib * 0.4 * 1024 * 1024) / FILES);
  for (let n = 0; n < FILES; n += 1) {
    const home = join(packages, `part ${n % 50}`);
    mkdirSync(home, { recursive: true });
    // Sizes from a tenth to almost twice the mean.
    const bytes = Buffer.alloc(
      Math.floor(each * (0.1 + (1.8 * n) / FILES)),
      `line ${n} of a program's text\n`,
    );
    randomFillSync(bytes, 0, bytes.length >> 1);
    writeFileSync(join(home, `file ${n}.bin`), bytes);
  }
  const boot = item('CON00005', 'boot-image');
  mkdirSync(join(boot, 'sources'));
  await run(wimlib, [
    'capture',
    packages,
    join(boot, 'sources', 'boot.wim'),
    'PE',
    '--compress=LZX',
    '--boot',
  ]);
  mkdirSync(join(staging, 'task-sequences'));
  mkdirSync(join(staging, 'media'));
  writeFileSync(join(staging, 'deployments.yaml'), '[]\n');
  writeFileSync(
    join(staging, 'task-sequences', 'CON00020.yaml'),
    'name: Install\nosImage: { id: CON00001, index: 1 }\npackages: [CON00002]\n',
  );
  writeFileSync(
    join(staging, 'media', 'bench.yaml'),
    'taskSequence: CON00020\nbootImage: CON00005\ncreatedBy: bench\n',
  );
  writeFileSync(
    join(staging, 'site.yaml'),
    'site: CON\nname: Contoso\nkeys: { policy: policy, media: media }\n',
  );
  renameSync(staging, site);
}
