// Installs the Debian packages that builds and tests need; elsewhere says in one sentence what to install.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { find, run } from './program.mjs';
import { Advice, timed } from './say.mjs';

/** Package, and the program or file by which its presence is told. */
const NEEDED = [
  { name: 'nginx', program: 'nginx' }, // the distribution point that tests and first-boot start on loopback
  { name: 'tinyproxy', program: 'tinyproxy' }, // the proxy between agent and distribution point in tests
  { name: 'wimtools', program: 'wimlib-imagex' }, // captures sample images, checks ours
  { name: 'libwim-dev', file: '/usr/include/wimlib.h' }, // the engine behind `native/wimlib` and behind Wine's wimgapi.dll
  { name: 'wixl', program: 'wixl' }, // makes the sample MSI
  { name: 'nsis', program: 'makensis' }, // makes setup programs for tests
  { name: 'gdisk', program: 'sgdisk' }, // partitions of disk images, made and read back
  { name: 'dosfstools', program: 'mkfs.vfat' },
  { name: 'mtools', program: 'mcopy' },
  { name: 'ntfs-3g', program: 'mkntfs' }, // also ntfsls and ntfscat, which read back what was written
  { name: 'syslinux', program: 'syslinux' }, // boot sectors of disk images for BIOS machines
  { name: 'syslinux-common', file: '/usr/lib/syslinux/mbr/mbr.bin' },
  { name: 'qemu-system-x86', program: 'qemu-system-x86_64' }, // real firmware starts those images
  { name: 'qemu-utils', program: 'qemu-io' }, // writes to disks that tests serve over NBD
  { name: 'e2fsprogs', program: 'e2fsck' }, // makes and judges the ext4 volumes of power cuts
  { name: 'xfsprogs', program: 'mkfs.xfs' }, // scratch space in which copies of disk images take no time
  { name: 'seabios', file: '/usr/share/seabios/bios-256k.bin' },
  { name: 'ovmf', file: '/usr/share/OVMF/OVMF_CODE_4M.fd' },
  { name: 'squashfs-tools', program: 'mksquashfs' }, // the root of the stand-in for Windows PE
  { name: 'cpio', program: 'cpio' },
  { name: 'xz-utils', program: 'xz' },
  { name: 'socat', program: 'socat' }, // carries a virtual machine's connections to the distribution point
  { name: 'p7zip-full', program: '7z' }, // reads disk images on its own; unpacks the ISO that a boot image is made from
  { name: 'libwin-hivex-perl', program: 'hivexregedit' }, // sets the scratch space of a boot image
  { name: 'xorriso', program: 'xorriso' }, // makes the ISO of a boot image
  { name: 'genisoimage', program: 'genisoimage' }, // makes ISOs with UDF for tests, as Microsoft's are
  { name: 'osslsigncode', program: 'osslsigncode' }, // signs boot programs for tests
  { name: 'git', program: 'git' }, // a yardstick of the bench
  { name: 'libxml2-utils', program: 'xmllint' }, // judges the answer files that are written for Windows Setup
  { name: 'gcc-mingw-w64-x86-64-win32', program: 'x86_64-w64-mingw32-gcc' }, // small Windows programs for tests
  { name: 'gcc', program: 'gcc' },
  { name: 'libc6-dev', file: '/usr/include/stdio.h' },
  { name: 'binutils', program: 'strip' },
  { name: 'patchelf', program: 'patchelf' },
  { name: 'apache2-bin', program: 'apache2' }, // three more web servers and a share, from which the same suite of fetches is made
  { name: 'lighttpd', program: 'lighttpd' },
  { name: 'python3', program: 'python3' },
  { name: 'samba', program: 'smbd' },
  { name: 'smbnetfs', program: 'smbnetfs' }, // mounts a share where the kernel has no cifs
  { name: 'openssl', program: 'openssl' }, // the yardsticks of the bench
  { name: 'curl', program: 'curl' },
];

/** Services of packages that are wanted for their programs alone. */
const SERVICES = {
  nginx: ['nginx'],
  tinyproxy: ['tinyproxy'],
  lighttpd: ['lighttpd'],
  samba: ['smbd', 'nmbd', 'samba-ad-dc'],
};

/** Installs what is missing, of what builds and tests need or of what is named. Throws advice where apt or the right to use it is missing. */
export async function installDebianPackages(needed = NEEDED) {
  const missing = needed.filter(({ program, file }) =>
    program ? find(program) === undefined : !existsSync(file),
  );
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name);
  const asRoot = superuser(names);
  const apt = (...words) => asRoot('env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq', ...words);
  await timed('apt-get update', () => apt('update'));
  await timed(`apt-get install ${names.join(' ')}`, () =>
    withoutStartingServices(names, asRoot, () => apt('-y', 'install', '--no-install-recommends', ...names)),
  );
}

/** @returns a function that runs a command as root */
function superuser(names) {
  const list = names.join(' ');
  if (find('apt-get') === undefined) {
    throw new Advice(
      `This needs Debian 12 or Ubuntu 24.04 (or later) on x86-64. Elsewhere install what these Debian packages hold, then run it again: ${list}`,
    );
  }
  if (process.getuid() === 0) return (command, ...words) => run(command, words);
  if (find('sudo') !== undefined) return (...words) => run('sudo', words);
  throw new Advice(
    `Missing packages. As root run this, then start again: apt-get update && apt-get install --no-install-recommends ${list}`,
  );
}

/**
 * Servers are wanted as programs, not as services: invoke-rc.d asks /usr/sbin/policy-rc.d first (Debian Policy 9.3.3.1).
 * An answer that is there already is somebody's decision and stays; ours forbids these alone, should a kill leave it behind.
 */
async function withoutStartingServices(names, asRoot, work) {
  const policy = '/usr/sbin/policy-rc.d';
  const services = names.flatMap(name => SERVICES[name] ?? []);
  if (services.length === 0 || existsSync(policy)) return work();
  const folder = mkdtempSync(join(tmpdir(), 'policy-'));
  writeFileSync(
    join(folder, 'policy-rc.d'),
    `#!/bin/sh\n# Prestage set-up: installs servers without starting them.\ncase "$1" in ${services.join('|')}) exit 101;; esac\nexit 0\n`,
  );
  try {
    await asRoot('install', '-m', '755', join(folder, 'policy-rc.d'), policy);
    const result = await work();
    // Not at the next start either; a machine without systemd has nothing that would start them.
    if (find('systemctl') !== undefined)
      for (const service of services) await asRoot('systemctl', 'disable', service).catch(() => {});
    return result;
  } finally {
    await asRoot('rm', '-f', policy);
    rmSync(folder, { recursive: true });
  }
}
