// Replacing a computer: a site in which a new computer takes over the user state of an old one, by a task sequence with steps of its own; the old
// computer, and its capture by the order that the site made.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { loadPublicKey } from '../../agent/author/key-files.ts';
import { associate } from '../../agent/commands/associate.ts';
import { capture } from '../../agent/commands/capture.ts';
import { layTree, type Tree } from './site-kit.ts';
import { makeSmallSite, type SmallSite, type SmallSiteOptions, testComposition } from './small-site.ts';
import { layProfiles } from './state-kit.ts';

/** ID of the association. */
export const REPLACED = 'b9d6f3f2-5a0e-4d0c-8a52-6a0b9a4c7e11';

/** Steps in both systems, with a variable, a command in each, a restart and a condition. */
export const REPLACE_SEQUENCE = {
  name: 'Replace a computer',
  osImage: { id: 'CON00001', index: 1 },
  drivers: ['CON00004'],
  packages: ['CON00006'],
  applications: ['CON00002'],
  steps: [
    { step: 'set-variable', variable: 'Ring', value: 'pilot' },
    { step: 'apply-os-image' },
    { step: 'apply-drivers' },
    { step: 'apply-unattend' },
    { step: 'set-up-boot' },
    { step: 'install-packages' },
    { step: 'restart', to: 'full-os' },
    {
      group: 'Pilots',
      when: { variable: 'Ring', equals: 'pilot' },
      steps: [{ step: 'install-applications' }],
    },
    { step: 'install-package', id: 'CON00003', when: { variable: 'Ring', equals: 'broad' } },
    { step: 'restore-user-state' },
  ],
} as const;

export interface ReplaceSite extends SmallSite {
  /** The old computer's disk. */
  readonly old: string;
  readonly store: string;
  /** The order to capture, beside its signature, and the key that proves it. */
  readonly order: string;
  readonly policyKey: string;
  /** The capture as it was made: the store's state before a restore. */
  restoreStore(): Promise<void>;
}

export interface ReplaceOptions extends SmallSiteOptions {
  /** The store's place as the computers name it, where that is not its path here. */
  readonly storeAsOrdered?: string;
}

/** Makes site, media, old computer and capture below `folder`. The new computer's serial number is NEW-1. */
export async function makeReplaceSite(
  folder: string,
  { differences = {}, storeAsOrdered, ...options }: ReplaceOptions = {},
): Promise<ReplaceSite> {
  const store = path.join(folder, 'state');
  const captured = path.join(folder, 'state-as-captured');
  const old = path.join(folder, 'old');
  const replace: Tree = {
    'keys/machine.key': `${randomBytes(32).toString('base64')}\n`,
    'machines.yaml': [{ serial: 'NEW-1', name: 'PC-NEW', variables: { OSDTimeZone: 'UTC' } }],
    'associations.yaml': [
      {
        id: REPLACED,
        from: { serial: 'OLD-1' },
        to: { serial: 'NEW-1' },
        store: storeAsOrdered ?? store,
        method: 'files',
      },
    ],
    'task-sequences/CON00020.yaml': REPLACE_SEQUENCE,
  };
  const site = await makeSmallSite(folder, { ...options, differences: { ...replace, ...differences } });
  await mkdir(store);
  await layProfiles(path.join(old, 'volumes/windows'));
  layTree(old, { 'machine.json': JSON.stringify({ facts: { serial: 'OLD-1' } }) });
  const author = testComposition(site);
  const order = path.join(folder, 'order.json');
  await associate(site.site, { order: REPLACED, out: order }, author);
  const { text: policyKey } = await loadPublicKey(path.join(site.site, 'keys'), 'policy');
  return {
    ...site,
    old,
    store,
    order,
    policyKey,
    async layDisk(disk) {
      await site.layDisk(disk);
      layTree(disk, { 'machine.json': JSON.stringify({ facts: { serial: 'NEW-1' } }) });
    },
    async restoreStore() {
      if (storeAsOrdered !== undefined) throw new Error('the store is captured by the computers themselves');
      await rm(store, { recursive: true, force: true });
      await mkdir(captured, { recursive: true }).then(() => cp(captured, store, { recursive: true }));
      if (existsSync(path.join(store, REPLACED))) return;
      await capture({ order, key: [policyKey], disk: old, json: true }, testComposition(site));
      await cp(store, captured, { recursive: true });
    },
  };
}
