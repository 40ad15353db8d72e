// A small site folder, its keys and the effects that authoring has: tests say only what differs.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { stringify } from 'yaml';
import { createKey } from '../../agent/author/key-files.ts';
import type { AuthorWorld } from '../../agent/author/publish.ts';
import { openInPlacePool } from '../../agent/content/in-place-pool.ts';
import { contentJobs } from '../../agent/content/jobs.ts';
import type { DurableFiles } from '../../agent/durable/durable-files.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import type { ProgressEvent } from '../../agent/progress/event.ts';
import { openLossyFiles } from './lossy-files.ts';
import { seeded } from './seeded.ts';

/** Relative path -> what the file holds; undefined removes it. An object or list is written as YAML. */
export type Tree = Readonly<Record<string, string | Uint8Array | object | undefined>>;

/** Writes files below `folder`. */
export function layTree(folder: string, tree: Tree): void {
  for (const [name, content] of Object.entries(tree)) {
    const file = path.join(folder, name);
    if (content === undefined) {
      rmSync(file, { recursive: true, force: true });
      continue;
    }
    mkdirSync(path.dirname(file), { recursive: true });
    const isBytes = typeof content === 'string' || content instanceof Uint8Array;
    writeFileSync(file, isBytes ? content : stringify(content));
  }
}

/** For a run that is not cut, where others were: its writes count as flushed, and real flushes would take most of the time. */
export function sparingKit(graveyard: string): AuthorKit {
  return authorKit(undefined, openLossyFiles({ graveyard }).files);
}

/** Until a file that was written before looks older than one that is written now: what publishing remembers of it is then safe. */
export async function clockTicks(): Promise<void> {
  await setTimeout(150);
}

/** Bytes that no compressor or chunker finds a pattern in, the same at each run. */
export function noise(lengthBytes: number, seed = 1): Uint8Array {
  return seeded(seed).bytes(lengthBytes);
}

/** Three items, one task sequence, one deployment, one media; no OS image of its own: `wim` is the path of one. */
export const SITE: Tree = {
  'site.yaml': {
    site: 'CON',
    name: 'Contoso',
    distributionPoints: [{ url: 'http://dp.contoso.example/prestage', priority: 1 }],
    managementPoints: ['http://mp.contoso.example/prestage'],
    keys: { policy: 'policy', media: 'media' },
  },
  'content/CON00001/content.yaml': {
    id: 'CON00001',
    type: 'os-image',
    name: 'Windows',
    version: '1',
    source: 'files',
  },
  'content/CON00002/content.yaml': {
    id: 'CON00002',
    type: 'application',
    name: 'Editor',
    version: '1.0',
    source: 'files',
    install: [{ command: 'setup.exe /S', successCodes: [0, 3010] }],
    detection: [{ file: 'C:\\Program Files\\Editor\\editor.exe', version: '1.0' }],
    dependencies: ['CON00003'],
  },
  'content/CON00002/files/setup.exe': noise(700_000, 2),
  'content/CON00002/files/sub folder/über.txt': 'für alle\n',
  'content/CON00003/content.yaml': {
    id: 'CON00003',
    type: 'package',
    name: 'Runtime',
    version: '7',
    source: 'files',
    install: [{ command: 'run.cmd' }],
  },
  'content/CON00003/files/run.cmd': '@exit /b 0\r\n',
  'content/CON00003/files/empty.txt': '',
  'content/CON00004/content.yaml': {
    id: 'CON00004',
    type: 'driver-package',
    name: 'Network',
    version: '2',
    source: 'files',
  },
  'content/CON00004/files/net.inf': '[Version]\r\n',
  'content/CON00005/content.yaml': {
    id: 'CON00005',
    type: 'boot-image',
    name: 'Boot',
    version: '10',
    source: 'files',
  },
  'content/CON00005/files/EFI/BOOT/BOOTX64.EFI': 'boot manager',
  'task-sequences/CON00020.yaml': {
    name: 'Install Windows',
    osImage: { id: 'CON00001', index: 1 },
    applications: ['CON00002'],
  },
  'deployments.yaml': [
    {
      id: 'CON20001',
      taskSequence: 'CON00020',
      collection: 'all',
      purpose: 'required',
      makeAvailableTo: 'media-pxe',
    },
  ],
  'media/depot.yaml': {
    taskSequence: 'CON00020',
    bootImage: 'CON00005',
    createdBy: 'A. Admin',
    comment: 'For the depot',
  },
};

/** Lays the site and its keys. `wim`: bytes of a WIM for the OS image and the boot image. */
export async function laySite(folder: string, wim: Uint8Array, differences: Tree = {}): Promise<void> {
  const images = {
    'content/CON00001/files/install.wim': wim,
    'content/CON00005/files/sources/boot.wim': wim,
  };
  layTree(folder, { ...SITE, ...images, ...differences });
  await createKey(path.join(folder, 'keys'), 'policy');
  await createKey(path.join(folder, 'keys'), 'media');
}

export interface AuthorKit extends AuthorWorld {
  readonly events: ProgressEvent[];
}

/** Real files, jobs on this thread, a clock that stands at `now`. With `durable`, work and jobs write through that. */
export function authorKit(
  now = '2026-03-01T12:00:00.000Z',
  durable: DurableFiles = openDurableFiles(),
): AuthorKit {
  const events: ProgressEvent[] = [];
  return {
    durable,
    pool: openInPlacePool({ jobs: contentJobs, durable }),
    clock: { now: () => new Date(now), ticks: () => performance.now() },
    observe: event => events.push(event),
    events,
  };
}
