// The end of a deployment: what goes and in which order, what stays where the content shall be kept, and who ends it after a cut.
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { openInPlacePool } from '../../agent/content/in-place-pool.ts';
import { cacheLayout } from '../../agent/content/layout.ts';
import type { DurableFiles } from '../../agent/durable/durable-files.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { jobs } from '../../agent/jobs.ts';
import { openFolderMachine } from '../../agent/machine/folder/open-folder-machine.ts';
import { openImaging } from '../../agent/machine/open-imaging.ts';
import { setupCompleteText } from '../../agent/steps/continuation-files.ts';
import { finishRetirement, markKept } from '../../agent/steps/finish-retirement.ts';
import { runPlan } from '../../agent/steps/run-plan.ts';
import type { StepWorld } from '../../agent/steps/step-world.ts';
import { makeItem } from '../support/cache-kit.ts';
import { everyCut } from '../support/every-cut.ts';
import { PowerCut } from '../support/lossy-files.ts';
import { openStepKit } from '../support/step-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { readTree, writeTree } from '../support/wim-kit.ts';

const folder = tempFolder('retirement');
const TASK = '_SMSTaskSequence/Prestage/agent/task.xml';
const CACHE = {
  Packages: { 'CON00006/tool.cmd': 'tool' },
  Prestage: {
    'media.json': '{"variables":{"Password":"x"}}',
    'media.json.sig': 'sig',
    'accepted/policy.json': '{}',
    'accepted/machine.json': 'sealed',
    'manifests/aa.json': '{}',
    'chunks/bb.chunks': 'c',
    'agent/prestage.exe': 'MZ',
  },
};

async function layDisk(disk: string, agentOn = 'windows'): Promise<void> {
  const at = (volume: string) => path.join(disk, 'volumes', volume);
  await writeTree(disk, {
    'boot-store.json': JSON.stringify({
      default: 'w',
      entries: [
        { id: 'media', description: 'media' },
        { id: 'w', description: 'Windows', windows: `volumes/${agentOn}/Windows` },
      ],
    }),
  });
  await mkdir(path.join(at('windows'), '_SMSTaskSequence/Logs'), { recursive: true });
  for (const [below, tree] of Object.entries(CACHE))
    await writeTree(path.join(at('windows'), '_SMSTaskSequence', below), tree);
  await writeTree(at(agentOn), {
    'Windows/win.ini': '',
    'Windows/Panther/unattend.xml': '<unattend>secret</unattend>',
    'Windows/Setup/Scripts/SetupComplete.cmd': setupCompleteText(TASK),
    'Windows/Setup/Scripts/SetupComplete.image.cmd': 'the image’s own',
    ...(agentOn === 'windows' ? {} : { '_SMSTaskSequence/Prestage/agent/prestage.exe': 'MZ' }),
  });
}

let disks = 0;
async function retire(options: {
  readonly variables?: Readonly<Record<string, string>>;
  readonly changed?: (world: StepWorld) => Partial<StepWorld>;
  readonly agentOn?: string;
}) {
  disks += 1;
  const disk = path.join(folder, `disk-${disks}`);
  await layDisk(disk, options.agentOn);
  const kit = await openStepKit({
    disk,
    actions: [{ name: 'retire-media' }],
    command: 'continue',
    record: { variables: { ...options.variables } },
  });
  const target = (await kit.machine.volumes()).find(each => each.label === (options.agentOn ?? 'windows'))!;
  const order: string[] = [];
  const world: StepWorld = {
    ...kit.world,
    target: async () => target,
    keepRecords: async ({ onceCompleted } = {}) => {
      await onceCompleted?.();
      order.push('records');
      return disk;
    },
    status: { ...kit.world.status, flush: async ({ timeoutMs }) => order.push(`status ${timeoutMs}`) > 0 },
    machine: {
      ...kit.machine,
      releaseEncryption: async () => {
        order.push(
          existsSync(path.join(target.root, 'Windows/Panther/unattend.xml')) ? 'secrets there' : 'encryption',
        );
        await kit.machine.releaseEncryption();
      },
      retire: async (...folders) => {
        order.push('retire');
        await kit.machine.retire(...folders);
      },
    },
  };
  const plan = { ...kit.world.plan, actions: [{ name: 'retire-media' } as const] };
  await runPlan('full-os', { ...world, plan, ...options.changed?.(world) }, kit.journal);
  const files = (volume: string) =>
    readTree(path.join(disk, 'volumes', volume)).then(tree =>
      Object.keys(tree).filter(name => !name.endsWith('/')),
    );
  return { disk, order, files, notes: kit.notes };
}

describe('retire-media', () => {
  test('takes secrets first, then lets encryption go, tells the rest, keeps records, and goes last', async () => {
    const { order, files } = await retire({});
    expect(order).toEqual(['encryption', 'status 60000', 'records', 'retire']);
    expect((await files('windows')).sort()).toEqual([
      'Windows/Setup/Scripts/SetupComplete.cmd',
      'Windows/win.ini',
    ]);
  });

  test('ends also when nobody hears of it, with a warning', async () => {
    const { files, notes } = await retire({
      changed: ({ status }) => ({ status: { ...status, flush: async () => false } }),
    });
    expect(notes('warning')).toEqual([expect.stringContaining('could not be sent')]);
    expect((await files('windows')).filter(name => name.startsWith('_SMS'))).toEqual([]);
  });

  test.each([
    ['PrestageKeepCache', 'true'],
    ['SMSTSPersistContent', 'TRUE'],
  ])(
    'with %s=%s keeps the content and its proof, and nothing that could start again or is a secret',
    async (name, value) => {
      const { files } = await retire({ variables: { [name]: value } });
      const kept = (await files('windows')).filter(
        name => name.startsWith('_SMS') && !/journal|Logs/.test(name),
      );
      expect(kept.sort()).toEqual([
        '_SMSTaskSequence/Packages/CON00006/tool.cmd',
        '_SMSTaskSequence/Prestage/chunks/bb.chunks',
        '_SMSTaskSequence/Prestage/kept',
        '_SMSTaskSequence/Prestage/manifests/aa.json',
      ]);
    },
  );

  test('cleans both volumes where the new Windows has one of its own', async () => {
    const { files, order } = await retire({ agentOn: 'other' });
    expect(order.at(-1)).toBe('retire');
    expect([...(await files('windows')), ...(await files('other'))].sort()).toEqual([
      'Windows/Setup/Scripts/SetupComplete.cmd',
      'Windows/win.ini',
    ]);
  });

  test('keeps the content on the media volume and takes the agent from the other', async () => {
    const { files } = await retire({ agentOn: 'other', variables: { PrestageKeepCache: 'true' } });
    expect(await files('windows')).toContain('_SMSTaskSequence/Packages/CON00006/tool.cmd');
    expect((await files('other')).filter(name => name.startsWith('_SMS'))).toEqual([]);
  });
});

test('cut when the content has gone, the next start asks nothing of it: what was installed is not detected once more', async () => {
  disks += 1;
  const disk = path.join(folder, `disk-${disks}`);
  await layDisk(disk);
  const item = await makeItem(
    { 'is-there.cmd': Buffer.from('@echo yes\r\n') },
    {
      pool: openInPlacePool({ jobs, durable: openDurableFiles() }),
      scratch: folder,
      type: 'application',
      install: [{ command: 'setup' }],
      detection: [{ script: 'is-there.cmd' }],
    },
  );
  const actions = [{ name: 'install-application', id: item.reference.id }, { name: 'retire-media' }] as const;
  const start = async (changed: Partial<StepWorld>) => {
    const kit = await openStepKit({
      disk,
      actions,
      items: [item],
      command: 'continue',
      changed: () => ({
        run: async () => ({ exitCode: 0, timedOut: false, stdout: 'yes', stderr: '', rehearsed: false }),
      }),
    });
    return { kit, run: () => runPlan('full-os', { ...kit.world, ...changed }, kit.journal) };
  };
  const first = await start({
    keepRecords: async () => {
      throw new PowerCut();
    },
  });
  await expect(first.run()).rejects.toMatchObject({ cause: expect.any(PowerCut) });
  const second = await start({});
  await rm(second.kit.layout.packages, { recursive: true });
  expect(await second.run()).toBe('finished');
  expect(existsSync(second.kit.layout.root)).toBe(false);
});

test.each(['same', 'other'] as const)(
  'the last clean-up of kept content, cut at any durable write, is ended by the next start (%s volume)',
  async where => {
    const agentOn = where === 'same' ? 'windows' : 'other';
    const imaging = await openImaging({ system: 'linux' });
    const finish = async (disk: string, durable: DurableFiles) => {
      const machine = await openFolderMachine({ folder: disk, durable, imaging });
      const [media, staged] = ['windows', agentOn].map(name => cacheLayout(path.join(disk, 'volumes', name)));
      await finishRetirement({ durable, machine, media: media!, staged: staged! });
    };
    const plays = await everyCut({
      within: folder,
      systems: ['windows'],
      losses: ['dropped', 'kept'],
      prepare: async disk => {
        await layDisk(disk, agentOn);
        await markKept(cacheLayout(path.join(disk, 'volumes/windows')), openDurableFiles());
      },
      run: (files, disk) => finish(disk, files),
      verify: async disk => {
        // While there is anything left to do, the manifest tells which volume it is on, or the agent's own volume is that volume.
        await finish(disk, openDurableFiles());
        const own = await readdir(path.join(disk, 'volumes/windows/_SMSTaskSequence/Prestage'));
        expect(own.filter(name => name !== 'agent').sort()).toEqual(['chunks', 'kept', 'manifests']);
        expect(
          existsSync(path.join(disk, 'volumes', agentOn, '_SMSTaskSequence/Prestage/agent/prestage.exe')),
        ).toBe(false);
      },
    });
    expect(plays).toBeGreaterThan(8);
  },
);
