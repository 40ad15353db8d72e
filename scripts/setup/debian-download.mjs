// Downloads packages of a newer Debian than the machine's, to be unpacked beside it: nothing of the system's own packages is touched.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './program.mjs';
import { Advice } from './say.mjs';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Downloads packages of Debian trixie into `folder`, with an apt of our own: its own lists and cache, the machine's mirror, Debian's signatures.
 * @param {string[] | ((depends: (name: string) => Promise<string[]>) => Promise<string[]>)} wanted names, or what makes them of what a package depends on
 * @returns the .deb files
 */
export async function downloadDebian(folder, wanted) {
  for (const part of ['lists/partial', 'cache/archives/partial', 'state'])
    mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(join(folder, 'sources.list'), `deb [signed-by=${KEYRING}] ${await mirror()} trixie main\n`);
  writeFileSync(join(folder, 'status'), '');
  const options = {
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::State': join(folder, 'state'),
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::State::status': join(folder, 'status'),
    'Dir::Cache': join(folder, 'cache'),
    'Acquire::Languages': 'none',
    'APT::Sandbox::User': '',
    'APT::Architecture': 'amd64',
    'Debug::NoLocking': '1',
  };
  const words = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const apt = args => run('apt-get', [...words, '-qq', ...args], { cwd: folder });
  await apt(['update']);
  const depends = async name =>
    [...(await run('apt-cache', [...words, 'depends', name])).matchAll(/^\s*Depends: (\S+)$/gm)].map(
      found => found[1],
    );
  await apt(['download', ...(typeof wanted === 'function' ? await wanted(depends) : wanted)]);
  return readdirSync(folder)
    .filter(name => name.endsWith('.deb'))
    .map(name => join(folder, name));
}

/** The Debian mirror that this machine already uses, so that a proxy or a local mirror serves these packages too; on Ubuntu the one named. */
async function mirror() {
  const named = process.env.PRESTAGE_DEBIAN_MIRROR;
  if (named) return named;
  const format = ['--format', '$(REPO_URI)', 'Created-By: Packages', 'Origin: Debian', 'Component: main'];
  const known = await run('apt-get', ['indextargets', ...format]);
  const uri = known.split('\n').find(line => line !== '' && !line.includes('security'));
  if (uri === undefined)
    throw new Advice(
      'Wine 10 comes from Debian’s packages, and this machine knows no Debian mirror. Name one in PRESTAGE_DEBIAN_MIRROR (its address up to and including /debian), install the package debian-archive-keyring, and run this again.',
    );
  return uri;
}
