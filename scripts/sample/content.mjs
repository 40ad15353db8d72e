// What the sample site offers: every content item with its type, its version, and how its files are laid.
import { linkSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CONNECTION_DRIVERS, INPUT_DRIVERS, layDrivers } from './driver-packages.mjs';
import { OS_IMAGE } from './os-image.mjs';
import {
  ESBUILD,
  layConsoleArchiver,
  layEsbuild,
  layImageLibraries,
  layNode,
  layNodeModules,
  PRODUCT_CODE,
} from './software.mjs';

/** IDs as Configuration Manager writes them: site code and five hex digits. */
export const ID = {
  taskSequence: 'LAB00001',
  deployment: 'LAB20001',
  osImage: 'LAB00010',
  bootImage: 'LAB00011',
  inputDrivers: 'LAB00020',
  connectionDrivers: 'LAB00021',
  node: 'LAB00030',
  nodeModules: 'LAB00031',
  imageLibraries: 'LAB00032',
  archiver: 'LAB00040',
  esbuild: 'LAB00041',
};

const script = [{ command: 'install.cmd', timeoutMinutes: 10 }];

/** An application whose version is a release of esbuild: `old` at first, `new` when the world has moved on. */
export const esbuild = release => ({
  id: ID.esbuild,
  type: 'application',
  name: 'esbuild',
  version: ESBUILD[release].version,
  install: script,
  detection: [{ file: 'C:\\Program Files\\esbuild\\esbuild.exe' }],
  lay: folder => layEsbuild(folder, ESBUILD[release]),
});

/** Everything that stays the same throughout a run; the boot image, which depends on the built agent, is laid apart. */
export const CONTENT = [
  { id: ID.osImage, type: 'os-image', name: 'Sample OS, Pro and Core', version: '26100.1', lay: layOsImage },
  {
    id: ID.inputDrivers,
    type: 'driver-package',
    name: 'Input drivers',
    version: '1.0',
    lay: folder => layDrivers(folder, INPUT_DRIVERS),
  },
  {
    id: ID.connectionDrivers,
    type: 'driver-package',
    name: 'USB, Bluetooth and network drivers',
    version: '1.0',
    lay: folder => layDrivers(folder, CONNECTION_DRIVERS),
  },
  {
    id: ID.node,
    type: 'package',
    name: 'Node.js for Windows',
    version: '24.21.0',
    install: script,
    lay: layNode,
  },
  {
    id: ID.nodeModules,
    type: 'package',
    name: 'Node.js modules and headers',
    version: '1',
    install: script,
    dependencies: [ID.node],
    lay: layNodeModules,
  },
  {
    id: ID.imageLibraries,
    type: 'package',
    name: 'Image libraries',
    version: '0.34.4',
    install: script,
    lay: layImageLibraries,
  },
  {
    id: ID.archiver,
    type: 'application',
    name: 'Console archiver (MSI)',
    version: '1.0.0',
    install: [
      {
        command: 'msiexec.exe /i archiver.msi /qn /norestart',
        successCodes: [0, 1707, 3010],
        timeoutMinutes: 10,
      },
    ],
    detection: [{ productCode: PRODUCT_CODE }],
    lay: layConsoleArchiver,
  },
];

function layOsImage(folder) {
  mkdirSync(folder, { recursive: true });
  linkSync(OS_IMAGE.wim, join(folder, 'install.wim'));
}
