// A computer is replaced: what people had on the old one is on the new one, byte for byte, and the association is closed.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { continueDeployment } from '../../agent/commands/continue.ts';
import { deploy } from '../../agent/commands/deploy.ts';
import type { Report } from '../../agent/report/report.ts';
import { makeReplaceSite, REPLACED, type ReplaceSite } from '../support/replace-site.ts';
import { testComposition } from '../support/small-site.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { readTree } from '../support/wim-kit.ts';

const folder = tempFolder('replace');
let site: ReplaceSite;
beforeAll(async () => {
  site = await makeReplaceSite(path.join(folder, 'site'));
  await site.restoreStore();
});
afterAll(() => site?.close());

test('captured on the old computer, restored on the new one by a sequence of its own, closed', async () => {
  const disk = path.join(folder, 'new');
  await site.layDisk(disk);
  const options = { disk, config: site.config, json: true } as const;
  expect(await deploy(options, testComposition(site))).toBe(3);
  const answers = await readFile(path.join(disk, 'volumes/windows/Windows/Panther/unattend.xml'), 'utf8');
  expect(answers).toContain('<ComputerName>PC-NEW</ComputerName>');
  expect(answers).toContain('<TimeZone>UTC</TimeZone>');
  expect(await continueDeployment(options, testComposition(site))).toBe(3);
  const last = testComposition(site);
  expect(await continueDeployment(options, last)).toBe(0);
  const report: Report = JSON.parse(last.printed.at(-1) ?? '');
  expect(report.outcome).toBe('completed');
  expect(
    report.actions
      .filter(({ action }) => /^(install|restore|set|restart)/.test(action))
      .map(
        ({ action, state, result }) => `${action.replace(/#.*/, '')} ${result?.skipped ? 'skipped' : state}`,
      ),
  ).toEqual([
    'set-variable finished',
    'install-package:CON00006 finished',
    'restart finished',
    'install-package:CON00003 finished',
    'install-application:CON00002 finished',
    'install-package:CON00003 skipped',
    'restore-user-state finished',
  ]);

  const [before, after] = [
    await readTree(path.join(site.old, 'volumes/windows/Users')),
    await readTree(path.join(disk, 'volumes/windows/Users')),
  ];
  const peoples = Object.keys(before).filter(name => !/AppData|NTUSER|desktop\.ini|~\$|Default/.test(name));
  expect(peoples.length).toBeGreaterThan(5);
  for (const name of peoples) expect(after[name], name).toBe(before[name]);
  expect(Object.keys(after).filter(name => /secret|NTUSER|template/.test(name))).toEqual([]);
  expect(existsSync(path.join(site.store, REPLACED, 'closed.json'))).toBe(true);
});

test('the same computer, installed anew, gets it again; another one does not', async () => {
  const disk = path.join(folder, 'again');
  await site.layDisk(disk);
  const options = { disk, config: site.config, json: true } as const;
  expect(await deploy(options, testComposition(site))).toBe(3);
  expect(await continueDeployment(options, testComposition(site))).toBe(3);
  const last = testComposition(site);
  expect(await continueDeployment(options, last)).toBe(0);
  expect(await readFile(path.join(disk, 'volumes/windows/Users/anna/Desktop/notes.txt'), 'utf8')).toBe(
    'buy milk',
  );
  const report: Report = JSON.parse(last.printed.at(-1) ?? '');
  expect(report.actions.find(({ action }) => action.startsWith('restore'))?.result?.warning).toMatch(
    /^This computer restored it before, on /,
  );
});
