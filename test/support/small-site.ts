// A whole small deployment for tests: a site, published; its media, made and laid on a disk folder; the world moved on; a distribution point
// that counts what it serves; and a composition in which every durable write can be watched.
import { cp, mkdir, readFile, rm, truncate } from 'node:fs/promises';
import path from 'node:path';
import { applyMedia } from '../../agent/author/apply-media.ts';
import { createMedia } from '../../agent/author/create-media.ts';
import { loadPublicKey } from '../../agent/author/key-files.ts';
import { publish } from '../../agent/author/publish.ts';
import type { Composition } from '../../agent/commands/composition.ts';
import { openInPlacePool } from '../../agent/content/in-place-pool.ts';
import { openSource } from '../../agent/distribution/open-source.ts';
import type { DurableFiles } from '../../agent/durable/durable-files.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { openRedactor } from '../../agent/fault/redact.ts';
import { jobs } from '../../agent/jobs.ts';
import { claim } from '../../agent/machine/claim.ts';
import { openFolderMachine } from '../../agent/machine/folder/open-folder-machine.ts';
import { openHostTools } from '../../agent/machine/host-tools.ts';
import type { Imaging } from '../../agent/machine/machine.ts';
import { openImaging } from '../../agent/machine/open-imaging.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import type { ProgressEvent } from '../../agent/progress/event.ts';
import { serveFolder } from '../../agent/server/serve-folder.ts';
import type { PublicKey } from '../../agent/trust/keys.ts';
import { authorKit, laySite, layTree, noise, type Tree } from './site-kit.ts';
import { captureWim, overwrite, writeTree } from './wim-kit.ts';

/** What `content.yaml` of the small site's items holds, for tests that change one. */
export const ITEMS = {
  editor: {
    id: 'CON00002',
    type: 'application',
    name: 'Editor',
    version: '1.0',
    source: 'files',
    install: [{ command: 'setup.exe /S', successCodes: [0, 3010] }],
    detection: [{ productCode: '{0E6F3A51-9F0C-4D4E-8F5A-2F7D3C1B9A10}' }],
    dependencies: ['CON00003'],
  },
  tool: {
    id: 'CON00006',
    type: 'package',
    name: 'Tool',
    version: '3',
    source: 'files',
    install: [{ command: 'tool.cmd' }],
  },
} as const;

/** Of media whose document says `password: true`. */
export const MEDIA_PASSWORD = 'correct horse battery';

export interface SmallSite {
  readonly folder: string;
  readonly site: string;
  readonly point: string;
  readonly wim: string;
  /** The distribution and management point; every request so far, as `GET /path status`. */
  readonly url: string;
  readonly requests: string[];
  readonly imaging: Imaging;
  readonly config: string;
  /** The tree that the OS image was captured from. */
  readonly osTree: string;
  /** Lays a fresh disk, as the depot delivers it, into a new folder `disk`. */
  layDisk(disk: string): Promise<void>;
  publish(): Promise<void>;
  close(): Promise<void>;
}

export interface SmallSiteOptions {
  readonly differences?: Tree;
  /** Files of the OS image besides the usual five. */
  readonly osFiles?: Readonly<Record<string, string | Uint8Array>>;
  /** Where the media says that policy and content are; the small site's own server unless given. */
  readonly address?: string;
  /** Where policy says that status goes. */
  readonly statusUrl?: string;
  /** Distribution points besides the site's own. */
  readonly points?: readonly { readonly url: string; readonly priority?: number }[];
  /** Names of depots' keys; their .pub files are among `differences`. */
  readonly depots?: readonly string[];
}

/** Media that a depot with this key can vouch for. */
export function mediaOfDepot(
  depot: PublicKey,
  receipt: 'required' | 'optional',
): Pick<SmallSiteOptions, 'differences' | 'depots'> {
  return {
    differences: {
      'keys/depot.pub': `${depot.text}\n`,
      'media/depot.yaml': {
        taskSequence: 'CON00020',
        bootImage: 'CON00005',
        createdBy: 'A. Admin',
        receipt,
      },
    },
    depots: ['depot'],
  };
}

/** Makes all of it below `folder` with real images, keys and servers. */
export async function makeSmallSite(
  folder: string,
  { differences = {}, osFiles = {}, address, statusUrl, depots, points = [] }: SmallSiteOptions = {},
): Promise<SmallSite> {
  const at = (...names: readonly string[]): string => path.join(folder, ...names);
  const requests: string[] = [];
  await mkdir(at('point'), { recursive: true });
  const server = await serveFolder({
    folder: at('point'),
    port: 0,
    host: '127.0.0.1',
    observe: event => {
      if (event.kind === 'note') requests.push(event.text);
    },
  });
  const url = address ?? `${server.url}/`;
  await writeTree(at('tree'), {
    'Windows/System32/ntoskrnl.exe': noise(900_000, 11),
    'Windows/System32/kernel32.dll': noise(300_000, 12),
    'Windows/Fonts/日本語.ttf': noise(20_000, 13),
    'Windows/win.ini': '[fonts]\r\n',
    'Users/Default/readme.txt': 'Welcome\r\n',
    ...osFiles,
  });
  await captureWim(at('os.wim'), [{ folder: at('tree'), name: 'Windows', properties: ['WINDOWS/ARCH=9'] }], {
    compression: 'none',
  });
  await laySite(at('site'), await readFile(at('os.wim')), {
    'site.yaml': {
      site: 'CON',
      name: 'Contoso',
      distributionPoints: [{ url, priority: 1 }, ...points],
      managementPoints: [url],
      keys: { policy: 'policy', media: 'media', ...(depots === undefined ? {} : { depots }) },
      ...(statusUrl === undefined ? {} : { statusUrl }),
    },
    'content/CON00002/content.yaml': ITEMS.editor,
    'content/CON00006/content.yaml': ITEMS.tool,
    'content/CON00006/files/tool.cmd': '@exit /b 0\r\n',
    'content/CON00006/files/data.bin': noise(400_000, 21),
    'task-sequences/CON00020.yaml': {
      name: 'Install Windows',
      osImage: { id: 'CON00001', index: 1 },
      drivers: ['CON00004'],
      packages: ['CON00006'],
      applications: ['CON00002'],
    },
    ...differences,
  });
  const author = authorKit(new Date().toISOString());
  const imaging = await openImaging({ system: 'linux' });
  const publishNow = async (): Promise<void> => {
    await publish({ site: at('site'), point: at('point') }, { ...author, clock: systemClock });
  };
  await publishNow();
  const mediaWorld = {
    ...author,
    clock: systemClock,
    imaging,
    newId: () => '0e6f3a51-9f0c-4d4e-8f5a-2f7d3c1b9a10',
    newPassword: async () => MEDIA_PASSWORD,
  };
  await createMedia({ site: at('site'), name: 'depot', to: at('depot.wim'), from: at('point') }, mediaWorld);
  const key = await loadPublicKey(at('site', 'keys'), 'media');
  layTree(folder, {
    'agent.yaml': {
      keys: [key.text],
      transfer: { retryCount: 1, retryDelaySeconds: 0.01, stallTimeoutSeconds: 2 },
    },
  });
  await applyMedia(
    { wim: at('depot.wim'), target: { disk: at('delivered') }, keys: [key], confirmed: true },
    mediaWorld,
  );
  return {
    folder,
    site: at('site'),
    point: at('point'),
    wim: at('depot.wim'),
    url,
    requests,
    imaging,
    config: at('agent.yaml'),
    osTree: at('tree'),
    layDisk: disk => cp(at('delivered'), disk, { recursive: true }),
    publish: publishNow,
    close: () => server.close(),
  };
}

/** The world after the depot: the editor has a new version, on the disk its driver package is gone, a package's file is damaged and the OS image has four flipped bytes. */
export async function moveWorldOn(
  { site, publish: publishNow }: SmallSite,
  editor: object = ITEMS.editor,
): Promise<void> {
  const setup = Buffer.from(await readFile(path.join(site, 'content/CON00002/files/setup.exe')));
  setup.write('a new release', 350_000);
  layTree(site, {
    'content/CON00002/content.yaml': { ...editor, version: '1.1' },
    'content/CON00002/files/setup.exe': setup,
    'content/CON00002/files/new.txt': 'new in 1.1\n',
  });
  await publishNow();
}

/** What happened to the disk on its way. */
export async function wearDisk(disk: string): Promise<void> {
  const packages = path.join(disk, 'volumes/windows/_SMSTaskSequence/Packages');
  await rm(path.join(packages, 'CON00004'), { recursive: true });
  await overwrite(path.join(packages, 'CON00003/run.cmd'), 1, Buffer.from('X'));
  await truncate(path.join(packages, 'CON00006/data.bin'), 390_000);
  await overwrite(path.join(packages, 'CON00001/install.wim'), 700_000, Buffer.from('flip'));
}

export interface TestComposition extends Composition {
  readonly events: ProgressEvent[];
  readonly printed: string[];
}

/** The effects of a run in this process: real files and servers, jobs on this thread, `durable` watched by the caller. */
export function testComposition(
  site: Pick<SmallSite, 'imaging'>,
  {
    durable = openDurableFiles(),
    signal = new AbortController().signal,
    now = () => new Date(),
  }: { readonly durable?: DurableFiles; readonly signal?: AbortSignal; readonly now?: () => Date } = {},
): TestComposition {
  const events: ProgressEvent[] = [];
  const printed: string[] = [];
  const clock = { now, ticks: () => performance.now() };
  const { redact, learn: learnSecret } = openRedactor();
  return {
    version: 'test',
    clock,
    random: () => 0.5,
    environment: {},
    hostTools: openHostTools({}),
    durable,
    signal,
    redact,
    learnSecret,
    observe: event => void events.push(event),
    endProgress: () => {},
    print: text => void printed.push(text),
    agent: { folder: '/nonexistent' },
    openPool: async () => openInPlacePool({ jobs, durable }),
    openMachine: async ({ disk }) => {
      if (disk === undefined) throw new Error('tests name a disk');
      return await openFolderMachine({ folder: disk, durable, imaging: site.imaging });
    },
    openImaging: async () => site.imaging,
    claim: what => claim(what, 'linux'),
    openProbes: async () => [],
    openSource: (address, settings, more = {}) =>
      openSource(address, { ...more, settings, clock, random: () => 0.5 }),
    sleep: async () => {},
    peakMemoryBytes: () => process.resourceUsage().maxRSS * 1024,
    events,
    printed,
  };
}
