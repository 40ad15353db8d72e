// The recovery environment of the new Windows: registered before the boot entry, and never a reason to stop.
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deploy } from '../../agent/commands/deploy.ts';
import { reportLines } from '../../agent/console/report-text.ts';
import { cacheLayout } from '../../agent/content/layout.ts';
import { Fault } from '../../agent/fault/fault.ts';
import { readJournal } from '../../agent/journal/journal.ts';
import type { Machine } from '../../agent/machine/machine.ts';
import { summarize } from '../../agent/report/summary.ts';
import { makeSmallSite, type SmallSite, testComposition } from '../support/small-site.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('recovery');
let site: SmallSite;
beforeAll(async () => {
  site = await makeSmallSite(path.join(folder, 'site'));
});
afterAll(() => site?.close());

/** Deploys a fresh disk on a machine of which `changed` is different; answers the code and what the report says of make-bootable. */
async function deployOn(name: string, changed: (machine: Machine) => Partial<Machine>, fresh?: boolean) {
  const disk = path.join(folder, name);
  if (fresh === undefined) await site.layDisk(disk);
  const composition = testComposition(site);
  const machine = await composition.openMachine({ disk });
  const code = await deploy(
    { disk, config: site.config, ...(fresh === undefined ? {} : { fresh }) },
    { ...composition, openMachine: async () => ({ ...machine, ...changed(machine) }) },
  );
  const journal = await readJournal(cacheLayout(path.join(disk, 'volumes/windows')).journal);
  const report = summarize(journal, 'test');
  const action = report.actions.find(each => each.action === 'make-bootable');
  return { code, action, events: composition.events, text: reportLines(report).join('\n') };
}

test('comes before the boot entry, by which the step is known to be done', async () => {
  const calls: string[] = [];
  const { code, action } = await deployOn('order', machine => ({
    setRecovery: async () => {
      calls.push('recovery');
      return true;
    },
    addBootEntry: async windowsFolder => {
      calls.push('boot entry');
      await machine.addBootEntry(windowsFolder);
    },
  }));
  expect(code).toBe(3);
  expect(calls).toEqual(['recovery', 'boot entry']);
  expect(action).toMatchObject({ state: 'finished', result: {} });
});

test('is registered again with an image that is applied again, though the boot entry is there', async () => {
  let times = 0;
  const counting = (): Partial<Machine> => ({
    setRecovery: async () => {
      times += 1;
      return true;
    },
  });
  await deployOn('again', counting);
  await deployOn('again', counting, false);
  expect(times).toBe(1);
  const { action } = await deployOn('again', counting, true);
  expect(times).toBe(2);
  expect(action).toMatchObject({ state: 'finished', result: {} });
});

test('that cannot be registered is a warning with the tool’s words, in the report too', async () => {
  const { code, action, events, text } = await deployOn('failing', () => ({
    setRecovery: async () => {
      throw new Fault('IMAGE-06', 'W:\\Windows', { exitCode: 2, words: 'REAGENTC.EXE: Operation failed: 3' });
    },
  }));
  expect(code).toBe(3);
  const warning = expect.stringContaining('reagentc: exit code 2, REAGENTC.EXE: Operation failed: 3');
  expect(action).toMatchObject({ state: 'finished', result: { warning } });
  expect(events).toContainEqual(expect.objectContaining({ kind: 'note', level: 'warning', text: warning }));
  expect(text).toContain('recovery environment (WinRE) could not be registered');
});
