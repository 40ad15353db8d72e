// A whole small deployment for benches of the executable: site, keys, media and a disk as the depot lays it; its package has a version that the media
// does not have.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from '../build.mjs';
import { BUILD } from '../setup/place.mjs';
import { run } from '../setup/program.mjs';
import { randomNumbers } from './small-tree.mjs';

const PACKAGE = 'BEN00006';
const MEDIA_NAME = 'depot';

/** @param url where `point` will be served: media carry it */
export async function openDeploySite({ folder, point, url }) {
  await build('linux');
  const prestage = join(folder, 'prestage');
  const [site, media] = [join(folder, 'site'), join(folder, 'media.wim')];
  const config = join(folder, 'agent.yaml');
  for (const old of [prestage, site, point, media]) rmSync(old, { recursive: true, force: true });
  // A copy: a build meanwhile does not matter.
  copyFileSync(join(BUILD, 'prestage'), prestage);
  const prestaged = (...words) => run(prestage, words);
  const publish = () => prestaged('publish', site, '--to', point);
  await laySite(site, folder, url);
  layPackage(site, 'on-media');
  mkdirSync(join(site, 'content', PACKAGE, 'files'), { recursive: true });
  writeFileSync(join(site, 'content', PACKAGE, 'files', 'tool.cmd'), '@exit /b 0\r\n');
  for (const key of ['policy', 'media']) await prestaged('keys', 'new', key, '--in', join(site, 'keys'));
  const mediaKey = /ed25519:\S+/.exec(readFileSync(join(site, 'keys', 'media.pub'), 'utf8'))[0];
  writeFileSync(config, `keys:\n  - ${mediaKey}\n`);
  await publish();
  await prestaged('media', 'create', site, MEDIA_NAME, '--from', point, '--to', media);
  return {
    prestage,
    /** Another version of the package, with the files of `tree`. */
    async publish(version, tree) {
      rmSync(join(site, 'content', PACKAGE), { recursive: true });
      layPackage(site, version);
      // Second names: what is published is only read.
      await run('cp', ['-rl', tree, join(site, 'content', PACKAGE, 'files')]);
      await publish();
    },
    layDisk: disk => prestaged('media', 'apply', media, '--to', disk, '--config', config, '--yes'),
    deployWords: disk => ['deploy', '--disk', disk, '--config', config],
    packageOn: disk => join(disk, 'volumes', 'windows', '_SMSTaskSequence', 'Packages', PACKAGE),
  };
}

/** As small as a deployment can be: an image with a few files, and a package. */
async function laySite(site, folder, url) {
  const document = (name, value) => lay(join(site, name), JSON.stringify(value));
  const item = (id, type) =>
    document(join('content', id, 'content.yaml'), { id, type, name: id, version: '1', source: 'files' });
  document('site.yaml', {
    site: 'BEN',
    name: 'Bench',
    distributionPoints: [{ url, priority: 1 }],
    managementPoints: [url],
    keys: { policy: 'policy', media: 'media' },
  });
  item('BEN00001', 'os-image');
  item('BEN00005', 'boot-image');
  document(join('task-sequences', 'BEN00020.yaml'), {
    name: 'Install Windows',
    osImage: { id: 'BEN00001', index: 1 },
    packages: [PACKAGE],
  });
  document('deployments.yaml', [
    {
      id: 'BEN20001',
      taskSequence: 'BEN00020',
      collection: 'all',
      purpose: 'required',
      makeAvailableTo: 'media-pxe',
    },
  ]);
  document(join('media', `${MEDIA_NAME}.yaml`), {
    taskSequence: 'BEN00020',
    bootImage: 'BEN00005',
    createdBy: 'scripts/bench',
    unattended: true,
  });
  const windows = join(folder, 'windows');
  const { noise } = randomNumbers(1);
  for (const name of ['ntoskrnl.exe', 'kernel32.dll'])
    lay(join(windows, 'Windows', 'System32', name), noise(500_000));
  lay(join(windows, 'Windows', 'win.ini'), '[fonts]\r\n');
  lay(join(windows, 'Users', 'Default', 'readme.txt'), 'Welcome\r\n');
  const image = join(site, 'content', 'BEN00001', 'files', 'install.wim');
  mkdirSync(dirname(image), { recursive: true });
  await run('wimlib-imagex', [
    ...['capture', windows, image, 'Windows', '--compress=none', '--check'],
    '--image-property=WINDOWS/ARCH=9',
  ]);
  const boot = join(site, 'content', 'BEN00005', 'files');
  lay(join(boot, 'EFI', 'BOOT', 'BOOTX64.EFI'), 'boot manager');
  lay(join(boot, 'sources', 'boot.wim'), readFileSync(image));
}

function layPackage(site, version) {
  const about = { id: PACKAGE, type: 'package', name: 'Tool', version, source: 'files' };
  lay(join(site, 'content', PACKAGE, 'content.yaml'), JSON.stringify(about));
}

function lay(file, bytes) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bytes);
}
