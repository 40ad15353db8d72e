// Ten real process kills while a computer is replaced with the Windows executable: each is followed by what the machine would start then, and it
// ends where an uncut run ends, people's files and registry included.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Report } from '../../agent/report/report.ts';
import { REPLACED } from '../support/replace-site.ts';
import { tempFolder } from '../support/temp-folder.ts';
import {
  beginRun,
  type FinalState,
  finalState,
  type Kill,
  keptReportText,
  killed,
  type Run,
  textOf,
} from '../support/windows-kills.ts';
import { makeWindowsReplace, type WindowsReplace } from '../support/windows-replace.ts';
import { INSTALLED, installedOn } from '../support/windows-site.ts';

const has = (run: Run, name: string): boolean => existsSync(path.join(run.volume, name));
const started = (run: Run, id: string): boolean =>
  textOf(path.join(run.volume, INSTALLED)).split('\r\n').includes(id);

const IN_WINDOWS_PE: readonly Kill[] = [
  { where: 'the survey', seen: run => run.journaled('"stage":"policy"') },
  { where: 'applying the image', seen: run => has(run, 'Windows/Many'), open: 'apply-image:CON00001' },
  { where: 'setting rights', seen: run => run.called(/^icacls .*\/grant/), open: 'protect-folders' },
  // The boot store is changed, and the journal does not say so yet: the new Windows starts.
  { where: 'the hand-over', seen: run => run.called(/^bcdedit .*\/default /), open: 'hand-over' },
];

const IN_WINDOWS: readonly Kill[] = [
  { where: 'a package', seen: run => started(run, 'CON00006'), open: 'install-package:CON00006' },
  { where: 'the restart that a step asks for', seen: run => run.called(/^shutdown /) },
  { where: 'an application', seen: run => started(run, 'CON00002'), open: 'install-application:CON00002' },
  {
    where: 'restoring, while files are written',
    seen: run => has(run, 'Users/anna/Pictures/100.jpg'),
    open: 'restore-user-state',
  },
  { where: 'cleaning up', seen: run => run.called(/^bcdedit \/delete /), open: 'retire-media' },
  { where: 'the last removal', seen: run => keptReportText(run.volume) !== '{}' },
];

const folder = tempFolder('windows-replace-kills');
let replace: WindowsReplace;
beforeAll(async () => {
  replace = await makeWindowsReplace(folder);
  expect(replace.captured, replace.captured.stderr).toMatchObject({ code: 0 });
});
afterAll(() => replace?.site.close());

test('an uncut replacement and one with ten kills come to the same', { timeout: 300_000 }, async () => {
  const goal = await uncut();
  expect(Object.keys(goal.state.files).length).toBeGreaterThan(400);
  await using computer = await replace.newComputer('killed');

  for (const kill of IN_WINDOWS_PE) await killed(computer, 'deploy', kill, beginRun(computer));
  for (const kill of IN_WINDOWS) await killed(computer, 'goOn', kill, beginRun(computer));
  expect(await computer.goOn()).toMatchObject({ code: 0 });

  expect(await finalState(computer)).toEqual(goal.state);
  expect(await readdir(path.join(computer.store, REPLACED))).toEqual(goal.store);
  // What was under way was started once more, and nothing else was.
  expect(await installedOn(computer.volume)).toEqual([
    'CON00006',
    'CON00006',
    'CON00003',
    'CON00002',
    'CON00002',
  ]);
  const report: Report = JSON.parse(keptReportText(computer.volume));
  expect(report).toMatchObject({ outcome: 'completed', faults: [], runs: 10 });
  expect(report.actions.find(({ action }) => action === 'restore-user-state')).toMatchObject({ starts: 2 });
});

async function uncut(): Promise<{ readonly state: FinalState; readonly store: readonly string[] }> {
  await using computer = await replace.newComputer('uncut');
  expect(await computer.deploy()).toMatchObject({ code: 3 });
  expect(await computer.goOn()).toMatchObject({ code: 3 });
  await computer.shutWindowsDown();
  expect(await computer.goOn()).toMatchObject({ code: 0 });
  return { state: await finalState(computer), store: await readdir(path.join(computer.store, REPLACED)) };
}
