// Makes what a virtual machine with the stand-in deploys: a site with an OS image that the stand-in can run, drivers, packages and an application,
// published; its media; and the disk that a depot lays it on. By the real executable, from the site folder on.
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { layBootImage } from '../sample/boot-image.mjs';
import { crlf, lay } from '../sample/made.mjs';
import { at, BUILD } from '../setup/place.mjs';
import { run } from '../setup/program.mjs';
import { STAND_IN_FILES } from './stand-in/place.mjs';

/** Where a guest finds the distribution point, whatever port it has on the host (guest-network.mjs). */
export const POINT_URL = 'http://10.0.2.100';

export const ID = {
  taskSequence: 'VMS00001',
  deployment: 'VMS20001',
  osImage: 'VMS00010',
  bootImage: 'VMS00011',
  drivers: 'VMS00020',
  tool: 'VMS00030',
  library: 'VMS00031',
  editor: 'VMS00040',
};

/** Installers write their ID here, a line a start. */
export const INSTALLED = 'installs.txt';

const PRESTAGE = join(BUILD, 'prestage');
const MEBIBYTE = 1024 * 1024;

/**
 * The boot store of the stand-in: entries in the order of the menu, by the device that each starts from. It is one sector, which is written in place:
 * FAT knows no journal, and a power cut leaves the old one or the new one.
 */
const BOOT_STORE = [
  'default {7619dcc9-fafe-11d9-b411-000476eba25f}',
  'entry {7619dcc9-fafe-11d9-b411-000476eba25f} ramdisk=[boot]\\sources\\boot.wim,{7619dcc8-fafe-11d9-b411-000476eba25f} \\windows',
]
  .join('\n')
  .padEnd(512, '\n');

/**
 * @param {string} folder is made; holds site, dp, media.wim and agent.yaml afterwards
 * @param {object} [how]
 * @param {Record<string, unknown>} [how.agent] fields of agent.yaml beside the keys
 */
export async function makeSite(folder, { agent = {} } = {}) {
  rmSync(folder, { recursive: true, force: true });
  const place = siteAt(folder);
  mkdirSync(place.site, { recursive: true });
  mkdirSync(place.point, { recursive: true });
  for (const name of ['policy', 'media']) await prestage(['keys', 'new', name, '--in', place.keys]);
  const key = /ed25519:\S+/.exec(readFileSync(join(place.keys, 'media.pub'), 'utf8'))[0];
  const { stringify } = createRequire(at('package.json'))('yaml');
  const config = {
    keys: [key],
    transfer: { retryCount: 3, retryDelaySeconds: 1, stallTimeoutSeconds: 20 },
    ...agent,
  };
  lay(place.config, crlf(stringify(config)));
  const document = (name, value) => lay(join(place.site, name), stringify(value, { lineWidth: 0 }));

  document('site.yaml', {
    site: 'VMS',
    name: 'Virtual machines',
    distributionPoints: [{ url: POINT_URL, priority: 1 }],
    managementPoints: [POINT_URL],
    keys: { policy: 'policy', media: 'media' },
  });
  await layContent(place, document);
  document(`task-sequences/${ID.taskSequence}.yaml`, {
    name: 'Install the stand-in Windows',
    osImage: { id: ID.osImage, index: 1 },
    drivers: [ID.drivers],
    packages: [ID.tool, ID.library],
    applications: [ID.editor],
    variables: { OSDTimeZone: 'UTC', OSDComputerName: 'VM-%_SMSTSSerialNumber%' },
  });
  document('deployments.yaml', [
    {
      id: ID.deployment,
      taskSequence: ID.taskSequence,
      collection: 'all',
      purpose: 'required',
      makeAvailableTo: 'media-pxe',
    },
  ]);
  document('media/vm.yaml', {
    taskSequence: ID.taskSequence,
    bootImage: ID.bootImage,
    validDays: 30,
    createdBy: 'scripts/vm',
    version: '1',
    comment: 'For virtual machines',
    unattended: true,
  });
  await prestage(['publish', place.site, '--to', place.point, '--keys', place.keys]);
  await prestage([
    'media',
    'create',
    place.site,
    'vm',
    '--from',
    place.point,
    '--to',
    place.wim,
    '--keys',
    place.keys,
  ]);

  // The world moves on after the depot: a larger library, which the machine has to fetch.
  await layLibrary(place, document, '2', 6);
  await prestage(['publish', place.site, '--to', place.point, '--keys', place.keys]);
  return place;
}

/** The places of a site that makeSite has made. */
export function siteAt(folder) {
  return {
    folder,
    site: join(folder, 'site'),
    keys: join(folder, 'keys'),
    point: join(folder, 'dp'),
    wim: join(folder, 'media.wim'),
    config: join(folder, 'agent.yaml'),
    /** What the OS image was captured from. */
    osTree: join(folder, 'os-tree'),
  };
}

/** A raw disk image as the depot lays it: GPT, EFI system partition, NTFS. @param size as `media apply` takes it */
export async function layDisk({ wim, config }, disk, { size = '3G' } = {}) {
  await prestage(['media', 'apply', wim, '--disk-image', disk, '--size', size, '--config', config, '--yes']);
}

/** The same as folders, `volumes/esp` and `volumes/windows`. */
export async function layFolders({ wim, config }, folder) {
  await prestage(['media', 'apply', wim, '--to', folder, '--config', config, '--yes']);
}

const prestage = words => run(PRESTAGE, words);

async function layContent(place, document) {
  const content = (id, name) => join(place.site, 'content', id, 'files', name);
  const item = (id, more) =>
    document(`content/${id}/content.yaml`, { id, version: '1', source: 'files', ...more });

  cpSync(STAND_IN_FILES.windows, place.osTree, { recursive: true });
  lay(join(place.osTree, 'Users/Default/Grüße 日本語.txt'), crlf('from the image\n'));
  lay(join(place.osTree, 'Windows/Fonts/noise.ttf'), noise(MEBIBYTE, 3));
  item(ID.osImage, { type: 'os-image', name: 'Stand-in Windows' });
  const wim = content(ID.osImage, 'install.wim');
  mkdirSync(join(wim, '..'), { recursive: true });
  const properties = [
    'WINDOWS/ARCH=9',
    'WINDOWS/EDITIONID=Professional',
    'WINDOWS/VERSION/BUILD=26100',
    'WINDOWS/SYSTEMROOT=WINDOWS',
  ];
  await run('wimlib-imagex', [
    'capture',
    place.osTree,
    wim,
    'Stand-in Windows',
    '--check',
    '--compress=XPRESS',
    ...properties.map(each => `--image-property=${each}`),
  ]);

  item(ID.bootImage, { type: 'boot-image', name: 'Stand-in PE' });
  const esp = join(place.site, 'content', ID.bootImage, 'files');
  const key = /ed25519:\S+/.exec(readFileSync(join(place.keys, 'media.pub'), 'utf8'))[0];
  await layBootImage(esp, [key]);
  copyFileSync(STAND_IN_FILES.efi, join(esp, 'EFI/BOOT/BOOTX64.EFI'));
  lay(join(esp, 'EFI/Microsoft/Boot/BCD'), BOOT_STORE);

  item(ID.drivers, { type: 'driver-package', name: 'Network driver' });
  lay(
    content(ID.drivers, 'net/net.inf'),
    crlf('[Version]\nSignature="$Windows NT$"\nClass=Net\nProvider=%P%\n[Strings]\nP="Sample"\n'),
  );
  lay(content(ID.drivers, 'net/net.sys'), noise(100_000, 5));

  item(ID.tool, { type: 'package', name: 'Tool', install: [{ command: 'install.cmd' }] });
  lay(content(ID.tool, 'install.cmd'), installer(ID.tool, 'tool.bin'));
  lay(content(ID.tool, 'tool.bin'), noise(2 * MEBIBYTE, 6));

  await layLibrary(place, document, '1', 5);

  const editor = 'C:\\Program Files\\Sample\\editor.bin';
  item(ID.editor, {
    type: 'application',
    name: 'Editor',
    install: [{ command: 'install.cmd' }],
    detection: [{ file: editor }],
    dependencies: [ID.library],
  });
  lay(content(ID.editor, 'install.cmd'), installer(ID.editor, 'editor.bin'));
  lay(content(ID.editor, 'editor.bin'), noise(MEBIBYTE, 7));
}

/** @param mebibytes of which the first four are the same in every version */
async function layLibrary(place, document, version, mebibytes) {
  const files = join(place.site, 'content', ID.library, 'files');
  rmSync(files, { recursive: true, force: true });
  const name = 'library.bin';
  lay(join(files, 'install.cmd'), installer(ID.library, name));
  lay(
    join(files, name),
    Buffer.concat([noise(4 * MEBIBYTE, 8), noise((mebibytes - 4) * MEBIBYTE, 9 + Number(version))]),
  );
  document(`content/${ID.library}/content.yaml`, {
    id: ID.library,
    type: 'package',
    name: 'Library',
    version,
    source: 'files',
    install: [{ command: 'install.cmd' }],
  });
}

const installer = (id, file) =>
  crlf(`@echo off
echo ${id}>>C:\\${INSTALLED}
mkdir "C:\\Program Files\\Sample" 2>nul
copy /y ${file} "C:\\Program Files\\Sample\\${file}" >nul
exit /b 0
`);

/** Bytes without a pattern, the same each time. Source of the generator: Marsaglia, "Xorshift RNGs" (2003). */
function noise(lengthBytes, seed) {
  const words = new Uint32Array(Math.ceil(lengthBytes / 4));
  let state = 0x9e3779b9 ^ (seed * 0x85ebca6b);
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  return Buffer.from(words.buffer).subarray(0, lengthBytes);
}
