// What would stop the hand-over is told before anything is changed, as far as it can be known by then.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deploy } from '../../agent/commands/deploy.ts';
import type { Action } from '../../agent/plan/plan.ts';
import { handOverObstacles } from '../../agent/steps/hand-over-obstacles.ts';
import { MEDIA_PASSWORD, makeSmallSite, type SmallSite, testComposition } from '../support/small-site.ts';
import { faultOf } from '../support/sources.ts';
import { openStepKit } from '../support/step-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { readTree, writeTree } from '../support/wim-kit.ts';

const folder = tempFolder('hand-over-obstacles');

describe('before a plan is carried out', () => {
  let disks = 0;
  const codesOf = async (actions: readonly Action[], variables: Readonly<Record<string, string>>) => {
    disks += 1;
    const kit = await openStepKit({
      disk: path.join(folder, `disk-${disks}`),
      actions,
      record: { variables: { ...variables } },
    });
    return (await handOverObstacles(kit.world)).map(({ code }) => code);
  };
  const BAD = { OSDComputerName: 'NOT A NAME' };

  test.each<readonly [string, readonly Action[], Readonly<Record<string, string>>, readonly string[]]>([
    ['a bad answer is told', [{ name: 'write-unattend' }], BAD, ['CONTENT-12']],
    ['good ones are not', [{ name: 'write-unattend' }], { OSDComputerName: 'PC1' }, []],
    [
      'one that a step may still put right is left to its own time',
      [{ name: 'set-variable', variable: 'OSDComputerName', value: 'PC1' }, { name: 'write-unattend' }],
      BAD,
      [],
    ],
    [
      'a step after it puts nothing right',
      [{ name: 'write-unattend' }, { name: 'set-variable', variable: 'OSDComputerName', value: 'PC1' }],
      BAD,
      ['CONTENT-12'],
    ],
    [
      'a step that is skipped writes none',
      [{ name: 'write-unattend', control: { skip: 'disabled' } }],
      BAD,
      [],
    ],
  ])('%s', async (_what, actions, variables, expected) => {
    expect(await codesOf(actions, variables)).toEqual(expected);
  });
});

test('a cache on a file system without rights is told, where rights are to be set', async () => {
  const disk = path.join(folder, 'fat');
  await writeTree(disk, { 'machine.json': '{"volumes": {"windows": {"fileSystem": "FAT32"}}}' });
  const kit = await openStepKit({ disk, actions: [{ name: 'protect-folders' }] });
  expect(await handOverObstacles(kit.world)).toMatchObject([{ code: 'DISK-06', detail: { found: 'FAT32' } }]);
});

describe('deploy', () => {
  let site: SmallSite;
  beforeAll(async () => {
    site = await makeSmallSite(path.join(folder, 'site'), {
      differences: {
        'task-sequences/CON00020.yaml': {
          name: 'Install Windows',
          osImage: { id: 'CON00001', index: 1 },
          drivers: ['CON00004'],
          packages: ['CON00006'],
          applications: ['CON00002'],
          // What has a variable in it is known on the machine alone; the rest is told at publish.
          variables: { OSDComputerName: 'NOT A %Kind%', Kind: 'NAME' },
        },
        'media/depot.yaml': {
          taskSequence: 'CON00020',
          bootImage: 'CON00005',
          createdBy: 'A. Admin',
          password: true,
          variables: { OSDLocalAdminPassword: 'never-to-be-seen' },
        },
      },
    });
  });
  afterAll(() => site?.close());

  test('refuses a bad answer with the old contents of the volume untouched, and shows no password', async () => {
    const disk = path.join(folder, 'bad-answer');
    await site.layDisk(disk);
    await writeFile(path.join(disk, 'volumes/windows/keep.txt'), 'kept');
    const environment = { PRESTAGE_MEDIA_PASSWORD: MEDIA_PASSWORD };
    const composition = { ...testComposition(site), environment };
    expect(await faultOf(deploy({ disk, config: site.config }, composition))).toMatchObject({
      code: 'CONTENT-12',
      subject: 'OSDComputerName',
      detail: { found: 'NOT A NAME' },
    });
    expect(existsSync(path.join(disk, 'volumes/windows/keep.txt'))).toBe(true);
    const logs = path.join(disk, 'volumes/windows/_SMSTaskSequence');
    for (const name of Object.keys(await readTree(logs))) {
      if (!/log|journal/i.test(name) || name.endsWith('/')) continue;
      expect(await readFile(path.join(logs, name), 'utf8'), name).not.toContain('never-to-be-seen');
    }
  });
});
