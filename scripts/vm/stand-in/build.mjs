// Builds the stand-in for Windows PE into .tools/stand-in: a Linux kernel and a small read-only root with Wine 10, in which Microsoft's files have
// their counterparts (docs/virtual-machine.md). From Debian's packages alone; built anew only when its recipe or Wine has changed.
//   node scripts/vm/stand-in/build.mjs
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../build/inputs.mjs';
import { buildTestTools } from '../../build-test-tools.mjs';
import { downloadDebian } from '../../setup/debian-download.mjs';
import { locked } from '../../setup/lock.mjs';
import { TEST_TOOLS, TOOLS, WINE } from '../../setup/place.mjs';
import { main, say, timed } from '../../setup/say.mjs';
import { setup } from '../../setup.mjs';
import { makeEfiProgram, makeInitrd, makeRoot } from './images.mjs';
import { layKernel } from './kernel.mjs';
import { STAND_IN } from './place.mjs';
import { layRoot } from './root-tree.mjs';
import { layWindows } from './windows-tree.mjs';

/** Kernel; shell; reading boot.wim; UTF-8; the EFI stub. The kernel's package is named for its version by the one that stands for the newest. */
const KERNEL = 'linux-image-cloud-amd64';
const PACKAGES = [
  'busybox-static',
  'libwim15t64',
  'wimtools',
  'libfuse3-4',
  'libntfs-3g89t64',
  'libc-bin',
  'systemd-boot-efi',
];

/** Builds it unless it is there. */
export async function buildStandIn() {
  await buildTestTools(); // wimgapi.dll over libwim
  const recipe = [
    digestOf('scripts/vm/stand-in'),
    readFileSync(join(WINE, 'installed'), 'utf8'),
    readFileSync(join(TEST_TOOLS, 'inputs'), 'utf8'),
  ].join('\n');
  await locked(`${TOOLS}/stand-in.lock`, async () => {
    const stamp = join(STAND_IN, 'recipe');
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === recipe) return;
    const folder = `${STAND_IN}.new`;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const packages = join(TOOLS, 'stand-in-packages');
    const debs = await timed('stand-in: Debian packages', () => fetchPackages(packages));
    const tree = join(folder, 'tree');
    const modules = await timed('stand-in: kernel', () => layKernel(debs, folder));
    await timed('stand-in: root with Wine', () => layRoot(debs, tree));
    await timed('stand-in: images', async () => {
      await makeRoot(tree, folder);
      await makeInitrd(tree, modules, folder);
      await makeEfiProgram(debs, folder);
    });
    await layWindows(tree, join(folder, 'windows'));
    rmSync(tree, { recursive: true });
    rmSync(join(folder, 'parts'), { recursive: true, force: true });
    writeFileSync(join(folder, 'recipe'), recipe);
    rmSync(STAND_IN, { recursive: true, force: true });
    renameSync(folder, STAND_IN);
  });
}

/** Kept beside: a changed recipe seldom wants other packages. */
async function fetchPackages(folder) {
  const stamp = join(folder, 'packages.json');
  if (existsSync(stamp)) {
    const { names, files } = JSON.parse(readFileSync(stamp, 'utf8'));
    if (names.join() === PACKAGES.join() && files.every(file => existsSync(file))) return files;
  }
  rmSync(folder, { recursive: true, force: true });
  const files = await downloadDebian(folder, async depends => {
    const kernel = (await depends(KERNEL)).find(name => /^linux-image-\d/.test(name));
    if (kernel === undefined) throw new Error(`${KERNEL} names no kernel`);
    return [kernel, ...PACKAGES];
  });
  writeFileSync(stamp, JSON.stringify({ names: PACKAGES, files }));
  return files;
}

await main(import.meta.url, async () => {
  await setup();
  await buildStandIn();
  say(`stand-in: ${STAND_IN}`);
});
