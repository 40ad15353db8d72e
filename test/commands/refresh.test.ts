// A computer is installed anew and keeps its people's files: captured in WinPE onto its own volume, spared by the clearing, restored in the new Windows.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { continueDeployment } from '../../agent/commands/continue.ts';
import { deploy } from '../../agent/commands/deploy.ts';
import type { Report } from '../../agent/report/report.ts';
import { layTree } from '../support/site-kit.ts';
import { makeSmallSite, type SmallSite, testComposition } from '../support/small-site.ts';
import { ASSOCIATION, layProfiles } from '../support/state-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { readTree } from '../support/wim-kit.ts';

const folder = tempFolder('refresh');
let site: SmallSite;
beforeAll(async () => {
  const computer = { serial: 'SAME-1' };
  site = await makeSmallSite(path.join(folder, 'site'), {
    differences: {
      'keys/machine.key': `${randomBytes(32).toString('base64')}\n`,
      'associations.yaml': [
        { id: ASSOCIATION, from: computer, to: computer, store: '_SMSTSStateStore', method: 'files' },
      ],
    },
  });
});
afterAll(() => site?.close());

async function install(name: string, lay: (windows: string) => Promise<void>) {
  const disk = path.join(folder, name);
  const windows = path.join(disk, 'volumes/windows');
  await site.layDisk(disk);
  layTree(disk, { 'machine.json': JSON.stringify({ facts: { serial: 'SAME-1' } }) });
  await lay(windows);
  const options = { disk, config: site.config, json: true } as const;
  expect(await deploy(options, testComposition(site))).toBe(3);
  const last = testComposition(site);
  expect(await continueDeployment(options, last)).toBe(0);
  const report: Report = JSON.parse(last.printed.at(-1) ?? '');
  const states = report.actions.filter(({ action }) => action.endsWith('-user-state'));
  return { windows, states };
}

test('files of people outlive the image that is applied over them', async () => {
  let before: Readonly<Record<string, string>> = {};
  const isTaken = (name: string) => !/AppData|NTUSER|desktop\.ini|~\$|Default/.test(name);
  const { windows, states } = await install('with-people', async root => {
    await layProfiles(root);
    before = await readTree(path.join(root, 'Users'), isTaken);
  });
  expect(states.map(({ state, result }) => [state, result?.warning, result?.skipped])).toEqual([
    ['finished', undefined, undefined],
    ['finished', undefined, undefined],
  ]);
  expect(await readTree(path.join(windows, 'Users'), isTaken)).toEqual(before);
  expect(existsSync(path.join(windows, 'Users/anna/NTUSER.DAT'))).toBe(false);
  expect(existsSync(path.join(windows, '_SMSTSStateStore', ASSOCIATION, 'closed.json'))).toBe(true);
  expect(await readFile(path.join(windows, 'Windows/win.ini'), 'utf8')).toContain('[fonts]');
});

test('a computer without people is deployed all the same', async () => {
  const { windows, states } = await install('bare', async () => {});
  expect(states.map(({ result }) => result?.skipped)).toEqual([
    'There is no Windows with user profiles on the volume.',
    'Nothing was captured on this computer: it had no Windows with user profiles.',
  ]);
  expect(existsSync(path.join(windows, '_SMSTSStateStore'))).toBe(false);
});
