// Ten real process kills in one deployment by the Windows executable, each followed by the same command again: it ends where an uncut
// deployment ends, fetches nothing again that was on the disk, and applies the image again only where it was not known to be applied.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Report } from '../../agent/report/report.ts';
import { type MisbehavingServer, startMisbehavingServer } from '../support/misbehaving-server.ts';
import { noise } from '../support/site-kit.ts';
import { makeSmallSite, moveWorldOn, type SmallSite, wearDisk } from '../support/small-site.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { readTree } from '../support/wim-kit.ts';
import { openWindowsComputer, type WindowsComputer } from '../support/windows-computer.ts';
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
import { EDITOR_ITEM, INSTALLED, installedOn, windowsSite } from '../support/windows-site.ts';

const STAGED_DRIVER = '_SMSTaskSequence/Packages/CON00004.2.partial/net.sys';

const IN_WINDOWS_PE: readonly Kill[] = [
  { where: 'the survey', seen: run => run.journaled('"stage":"policy"') },
  {
    where: 'the transfer of a missing item',
    // Chunks go to the disk a quarter of a mebibyte at a time; the first ones are there.
    seen: run => startsWithBytes(path.join(run.volume, STAGED_DRIVER)),
    open: 'acquire-content:CON00004',
  },
  {
    where: 'the staging of a new version',
    seen: run => run.asked('setup.exe'),
    open: 'acquire-content:CON00002',
  },
  {
    where: 'applying the image',
    seen: run => existsSync(path.join(run.volume, 'Windows/Many')),
    open: 'apply-image:CON00001',
  },
  {
    where: 'the moment after it',
    seen: run => run.journaled('"type":"action-finished","action":"apply-image'),
  },
  { where: 'adding drivers', seen: run => run.called(/^dism /), open: 'add-drivers:CON00004' },
  { where: 'writing boot files', seen: run => run.called(/^bcdboot /), open: 'make-bootable' },
  { where: 'the hand-over', seen: run => run.called(/^bcdedit .*\/default /), open: 'hand-over' },
];

const IN_WINDOWS: readonly Kill[] = [
  {
    where: 'an installation',
    seen: run => textOf(path.join(run.volume, INSTALLED)).includes('CON00006'),
    open: 'install-package:CON00006',
  },
  { where: 'cleaning up', seen: run => run.called(/^bcdedit \/delete /), open: 'retire-media' },
];

const folder = tempFolder('windows-kills');
const files = new Map<string, Uint8Array>();
let point: MisbehavingServer;
let site: SmallSite;
beforeAll(async () => {
  // Content comes in drops, so that there is time to kill while it comes.
  point = await startMisbehavingServer({
    files,
    behave: ({ path: name }) =>
      name.includes('/files/') ? { kind: 'trickle', pieceBytes: 64 * 1024, everyMs: 20 } : undefined,
  });
  const many = Array.from({ length: 240 }, (_, at) => [`Windows/Many/${at}.dll`, noise(100_000, 100 + at)]);
  site = await makeSmallSite(path.join(folder, 'site'), {
    differences: {
      ...windowsSite({ tool: 0, runtime: [0, 0], editor: 0 }),
      'content/CON00004/files/net.sys': noise(3_500_000, 41),
    },
    osFiles: Object.fromEntries(many),
    address: `${point.url}/`,
  });
  await moveWorldOn(site, EDITOR_ITEM);
  for (const entry of await readdir(site.point, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    // A point that has plain files only: it shows by which ranges of them a killed transfer goes on.
    if (entry.isFile() && path.basename(entry.parentPath) !== 'packs')
      files.set(path.relative(site.point, file), await readFile(file));
  }
});
afterAll(async () => {
  await point?.close();
  await site?.close();
});

test('an uncut deployment and one with ten kills come to the same', { timeout: 300_000 }, async () => {
  const goal = await uncutState();
  expect(Object.keys(goal.files).length).toBeGreaterThan(240);
  await using computer = await newComputer('killed');
  const before = point.requests.length;

  for (const kill of IN_WINDOWS_PE)
    await watched(computer, kill.where, run => killed(computer, 'deploy', kill, run));
  await watched(computer, 'the last deploy', async () => {
    expect(await computer.deploy()).toMatchObject({ code: 3 });
  });
  for (const kill of IN_WINDOWS)
    await watched(computer, kill.where, run => killed(computer, 'goOn', kill, run));
  await watched(computer, 'the last continue', async () => {
    expect(await computer.goOn()).toMatchObject({ code: 0 });
  });

  expect(await finalState(computer)).toEqual(goal);
  // Whatever was under way when the plug was pulled was started once more, and nothing else was.
  expect(await installedOn(computer.volume)).toEqual(['CON00006', 'CON00006', 'CON00003', 'CON00002']);
  const [whole, rest, ...more] = point.requests
    .slice(before)
    .filter(({ path: name }) => /net\.sys$/.test(name));
  expect([whole?.range, more]).toEqual(['bytes=0-3499999', []]);
  expect(Number(/^bytes=(\d+)-3499999$/.exec(rest?.range ?? '')?.[1])).toBeGreaterThan(200_000);
  const calls = (tool: string): number => computer.calls().filter(call => call.startsWith(tool)).length;
  expect({ dism: calls('dism '), bcdboot: calls('bcdboot ') }).toEqual({ dism: 2, bcdboot: 2 });
  const report: Report = JSON.parse(keptReportText(computer.volume));
  expect(report).toMatchObject({
    outcome: 'completed',
    faults: [],
    runs: IN_WINDOWS_PE.length + 1 + IN_WINDOWS.length + 1,
  });
  expect(report.actions.find(({ action }) => action.startsWith('apply-image'))).toMatchObject({ starts: 2 });
});

async function newComputer(name: string): Promise<WindowsComputer> {
  return await openWindowsComputer(path.join(folder, name), site, async disk => {
    await site.layDisk(disk);
    await wearDisk(disk);
  });
}

async function uncutState(): Promise<FinalState> {
  await using computer = await newComputer('uncut');
  expect(await computer.deploy()).toMatchObject({ code: 3 });
  expect(await computer.goOn()).toMatchObject({ code: 0 });
  return await finalState(computer);
}

/** Whatever `start` does, it must not fetch a file that lay on the disk whole before, nor apply an image that was known to be applied. */
async function watched(
  computer: WindowsComputer,
  where: string,
  start: (run: Run) => Promise<void>,
): Promise<void> {
  const { layout, journal } = computer;
  const whole = new Set(existsSync(layout.packages) ? Object.values(await readTree(layout.packages)) : []);
  const wasApplied = existsSync(layout.applied);
  const begin = { records: (await journal()).length, requests: point.requests.length };
  await start(beginRun(computer, point));
  const again = point.requests
    .slice(begin.requests)
    .map(request => request.path)
    .filter(name => name.includes('/files/') && whole.has(digestOf(files.get(name))));
  expect(again, `fetched again after ${where}`).toEqual([]);
  const applied = (await journal())
    .slice(begin.records)
    .filter(record => record.type === 'action-started' && record.action.startsWith('apply-image'));
  if (wasApplied) expect(applied, `applied again, ${where}`).toEqual([]);
}

/** A file is as long as it will be from the beginning; what is not written yet reads as zeros. */
function startsWithBytes(file: string): boolean {
  return (
    existsSync(file) &&
    readFileSync(file)
      .subarray(0, 1024)
      .some(byte => byte !== 0)
  );
}

function digestOf(bytes: Uint8Array = new Uint8Array()): string {
  return createHash('sha256').update(bytes).digest('hex');
}
