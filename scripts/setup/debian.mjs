// Installs the Debian packages that builds and tests need; elsewhere says in one sentence what to install.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { find, run } from './program.mjs';
import { Advice, timed } from './say.mjs';

/** Package, and the program or file by which its presence is told. */
const NEEDED = [
  { name: 'nginx', program: 'nginx' }, // the distribution point that tests and first-boot start on loopback
  { name: 'wimtools', program: 'wimlib-imagex' }, // captures sample images, checks ours
  { name: 'libwim-dev', file: '/usr/include/wimlib.h' }, // the engine behind `native/wimlib` and behind Wine's wimgapi.dll
  { name: 'wixl', program: 'wixl' }, // makes the sample MSI
  { name: 'gcc-mingw-w64-x86-64-win32', program: 'x86_64-w64-mingw32-gcc' }, // small Windows programs for tests
  { name: 'gcc', program: 'gcc' },
  { name: 'libc6-dev', file: '/usr/include/stdio.h' },
  { name: 'binutils', program: 'strip' },
  { name: 'patchelf', program: 'patchelf' },
  { name: 'openssl', program: 'openssl' }, // the yardsticks of the bench
  { name: 'curl', program: 'curl' },
];

/** Installs what is missing. Throws advice where apt or the right to use it is missing. */
export async function installDebianPackages() {
  const missing = NEEDED.filter(({ program, file }) =>
    program ? find(program) === undefined : !existsSync(file),
  );
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name);
  const asRoot = superuser(names);
  const apt = args =>
    run(
      asRoot[0] ?? 'apt-get',
      [
        ...asRoot.slice(1),
        ...(asRoot.length > 0 ? ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get'] : []),
        ...args,
      ],
      { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } },
    );
  await timed('apt-get update', () => apt(['-qq', 'update']));
  await timed(`apt-get install ${names.join(' ')}`, () =>
    withoutStartingNginx(names, asRoot, () =>
      apt(['-qq', '-y', 'install', '--no-install-recommends', ...names]),
    ),
  );
}

/** The words that go before a command so that it runs as root: none for root itself. */
function superuser(names) {
  const list = names.join(' ');
  if (find('apt-get') === undefined) {
    throw new Advice(
      `This needs Debian 12 or Ubuntu 24.04 (or later) on x86-64. Elsewhere install what these Debian packages hold, then run it again: ${list}`,
    );
  }
  if (process.getuid() === 0) return [];
  if (find('sudo') === undefined) {
    throw new Advice(
      `Missing packages. Run as root, then run this again: apt-get update && apt-get install --no-install-recommends ${list}`,
    );
  }
  return ['sudo'];
}

/**
 * nginx is wanted as a program, not as a service: invoke-rc.d asks /usr/sbin/policy-rc.d first (Debian Policy 9.3.3.1).
 * An answer that is there already is somebody's decision and stays; ours forbids nginx alone, should a kill leave it behind.
 */
async function withoutStartingNginx(names, asRoot, work) {
  const policy = '/usr/sbin/policy-rc.d';
  if (!names.includes('nginx') || existsSync(policy)) return work();
  const folder = mkdtempSync(join(tmpdir(), 'policy-'));
  writeFileSync(
    join(folder, 'policy-rc.d'),
    '#!/bin/sh\n# Prestage set-up: installs nginx without starting it.\n[ "$1" = nginx ] && exit 101\nexit 0\n',
  );
  const root = (command, ...args) =>
    run(asRoot[0] ?? command, asRoot.length > 0 ? [...asRoot.slice(1), command, ...args] : args);
  try {
    await root('install', '-m', '755', join(folder, 'policy-rc.d'), policy);
    const result = await work();
    if (find('systemctl') !== undefined) await root('systemctl', 'disable', 'nginx').catch(() => {}); // without systemd nothing starts it anyway
    return result;
  } finally {
    await root('rm', '-f', policy);
    rmSync(folder, { recursive: true });
  }
}
