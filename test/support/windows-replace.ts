// Replacing a computer, both of them with Windows: an old one whose people's files the Windows executable captures by the signed order, and new ones
// that take them over, each from a copy of that capture. The store is a drive that both see.
import { chmod, copyFile, cp, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { makeMsi } from './real-installers.ts';
import { makeReplaceSite, REPLACE_SEQUENCE, type ReplaceSite } from './replace-site.ts';
import { noise } from './site-kit.ts';
import { layProfiles } from './state-kit.ts';
import { readTree } from './wim-kit.ts';
import { type ComputerParts, openWindowsComputer, type WindowsComputer } from './windows-computer.ts';
import { EDITOR_ITEM, windowsSite } from './windows-site.ts';
import { bootWindows } from './windows-systems.ts';
import { PRESTAGE_EXE, type WineResult } from './wine.ts';

/** An application that Windows Installer knows by this product code. */
export const VIEWER = {
  id: 'CON00008',
  productCode: '6B3F0A12-7C41-4E0B-9D55-1F7C2A9B1D51',
  version: '4.2.0',
} as const;

/** A folder so deep that its files have more than 260 characters. */
const DEEP = Array.from({ length: 9 }, (_, at) => `${at} ein langer Name für einen Ordner`).join('/');

/** What anna has on the old computer beside the usual; enough small files that a restore takes a while. */
const OF_ANNA = {
  [`Users/anna/Documents/${DEEP}/tief unten.txt`]: 'deep down',
  'Users/anna/Documents/Straße/Ökonomie (Übersicht).xlsx': noise(30_000, 71),
  'Users/anna/Documents/signed.pdf': noise(50_000, 72),
  ...Object.fromEntries(
    Array.from({ length: 150 }, (_, at) => [`Users/anna/Pictures/${at}.jpg`, noise(20_000, 500 + at)]),
  ),
};

export interface WindowsReplace {
  readonly site: ReplaceSite;
  /** How the capture ended. */
  readonly captured: WineResult;
  /** Digests of the old computer's files below `Users`. */
  readonly oldUsers: Readonly<Record<string, string>>;
  /** A new computer with a copy of the capture; its serial number is NEW-1, and anna has a profile in its image. */
  newComputer(name: string, more?: Pick<ComputerParts, 'toolMs'>): Promise<ReplacedComputer>;
}

export interface ReplacedComputer extends WindowsComputer {
  readonly store: string;
}

/** @param folder for all of it. The caller closes the site. */
export async function makeWindowsReplace(folder: string): Promise<WindowsReplace> {
  const many = Array.from({ length: 240 }, (_, at) => [`Windows/Many/${at}.dll`, noise(100_000, 100 + at)]);
  const site = await makeReplaceSite(path.join(folder, 'site'), {
    storeAsOrdered: 'P:\\state',
    osFiles: { ...Object.fromEntries(many), 'Users/anna/Documents/welcome.txt': 'of the image' },
    differences: {
      ...windowsSite({ tool: 0, runtime: [0, 0], editor: 0 }),
      'content/CON00002/content.yaml': EDITOR_ITEM,
      [`content/${VIEWER.id}/content.yaml`]: {
        id: VIEWER.id,
        type: 'application',
        name: 'Viewer',
        version: VIEWER.version,
        source: 'files',
        install: [{ command: 'msiexec /i viewer.msi /qn /norestart' }],
        detection: [{ productCode: `{${VIEWER.productCode}}`, version: '4.0' }],
      },
      [`content/${VIEWER.id}/files/viewer.msi`]: await makeMsi({
        name: 'Viewer',
        productCode: VIEWER.productCode,
        version: VIEWER.version,
      }),
      'task-sequences/CON00020.yaml': { ...REPLACE_SEQUENCE, applications: ['CON00002', VIEWER.id] },
    },
  });
  const old = path.join(folder, 'old');
  // Wine has no such folder; by the right to list it administrators are told.
  await layProfiles(old, { ...OF_ANNA, 'Windows/System32/config/SOFTWARE': 'a hive' });
  await chmod(path.join(old, 'Users/anna/Documents/signed.pdf'), 0o444);
  const oldUsers = await readTree(path.join(old, 'Users'));
  const captured = await captureOn(old, path.join(folder, 'old-computer'), site);
  return {
    site,
    captured,
    oldUsers,
    async newComputer(name, more = {}) {
      const share = path.join(folder, `${name}-share`);
      const store = path.join(share, 'state');
      await cp(site.store, store, { recursive: true });
      const parts = { drives: { p: share }, firmware: { product_serial: 'NEW-1\n' }, ...more };
      const computer = await openWindowsComputer(path.join(folder, name), site, site.layDisk, parts);
      return {
        ...computer,
        store,
        async [Symbol.asyncDispose]() {
          await computer[Symbol.asyncDispose]();
          await rm(share, { recursive: true, force: true });
        },
      };
    },
  };
}

/** `prestage capture` from a stick in a Windows on `volume`, whose serial number is OLD-1. */
async function captureOn(volume: string, folder: string, site: ReplaceSite): Promise<WineResult> {
  const stick = path.join(folder, 'stick');
  await mkdir(stick, { recursive: true });
  await copyFile(PRESTAGE_EXE, path.join(stick, 'prestage.exe'));
  for (const name of [site.order, `${site.order}.sig`])
    await copyFile(name, path.join(stick, path.basename(name)));
  const windows = await bootWindows({
    prefix: path.join(folder, 'windows'),
    drives: { c: volume, e: stick, p: path.dirname(site.store), r: folder },
    firmware: { product_serial: 'OLD-1\n' },
  });
  try {
    const order = `E:\\${path.basename(site.order)}`;
    return await windows.run('E:\\prestage.exe', ['capture', '--order', order, '--key', site.policyKey]);
  } finally {
    await windows.close();
  }
}
