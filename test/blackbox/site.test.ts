import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { laySite, layTree } from '../support/site-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, writeTree } from '../support/wim-kit.ts';
import { expectRefusal } from './judge.ts';
import { runPrestage } from './run-prestage.ts';
import { SITE_CASES } from './site-cases.ts';
import { snapshotOf } from './snapshot.ts';

const folder = tempFolder('site-cases');
const good = path.join(folder, 'good');
const wim = path.join(folder, 'os.wim');

beforeAll(async () => {
  await writeTree(path.join(folder, 'tree'), { 'Windows/win.ini': '[fonts]\r\n' });
  await captureWim(wim, [{ folder: path.join(folder, 'tree'), name: 'Windows' }], { compression: 'none' });
  await laySite(path.join(good, 'site'), readFileSync(wim));
});

let made = 0;

/** A copy of the good site in a folder of its own. */
function newPlace(): string {
  const place = path.join(folder, `case-${made++}`);
  cpSync(good, place, { recursive: true });
  return place;
}

test.each(SITE_CASES)(
  '$title: refused, and nothing is published or changed',
  async ({ site, publishedBefore, words = ['publish', 'site', '--to', 'point'], exitCode = 2, ...told }) => {
    const cwd = newPlace();
    if (publishedBefore)
      expect(await runPrestage(['publish', 'site', '--to', 'point'], { cwd })).toMatchObject({ code: 0 });
    layTree(path.join(cwd, 'site'), site);
    const before = snapshotOf(cwd);
    const ended = await runPrestage([...words, '--json'], { cwd });
    expectRefusal(ended, { exitCode, ...told });
    expect(ended.stdout).toBe('');
    expect(snapshotOf(cwd)).toEqual(before);
  },
);

test.each([
  { title: 'a hundred bytes short', keep: (size: number) => size - 100 },
  { title: 'cut in the middle', keep: (size: number) => Math.floor(size / 2) },
  { title: 'nothing but its header', keep: () => 208 },
  { title: 'half a header', keep: () => 100, fault: 'IMAGE-01' },
])('a WIM that is $title is refused, and nothing is published', async ({ keep, fault = 'IMAGE-02' }) => {
  const cwd = newPlace();
  const bytes = readFileSync(wim);
  layTree(path.join(cwd, 'site'), {
    'content/CON00001/files/install.wim': bytes.subarray(0, keep(bytes.length)),
  });
  const before = snapshotOf(cwd);
  const ended = await runPrestage(['publish', 'site', '--to', 'point', '--json'], { cwd });
  expectRefusal(ended, {
    exitCode: 60,
    fault,
    subject: 'install.wim',
    says: ['expected', 'found'],
  });
  expect(snapshotOf(cwd)).toEqual(before);
});

test('a password in an address is never printed', async () => {
  const cwd = newPlace();
  mkdirSync(path.join(cwd, 'site', 'media'), { recursive: true });
  layTree(path.join(cwd, 'site'), {
    'media/depot.yaml':
      'taskSequence: CON00020\ncreatedBy: A\nmanagementPoints: ["https://user:hunter2@mp/"]\n',
  });
  const ended = await runPrestage(['publish', 'site', '--to', 'point', '--json'], { cwd });
  expectRefusal(ended, { exitCode: 2, fault: 'USAGE-02', subject: 'site', says: ['media/depot.yaml:3:20'] });
  expect(ended.stdout + ended.stderr).not.toContain('hunter2');
});
