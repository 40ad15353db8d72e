// Bad input to the commands of an author and of a depot, with the real executable: what it says, and that nothing of it stays.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { createKey } from '../../agent/author/key-files.ts';
import { laySite } from '../support/site-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, writeTree } from '../support/wim-kit.ts';
import { APPLY, type AuthoringCase, type AuthoringKit, PUBLISH } from './authoring-case.ts';
import { CREATE_CASES } from './create-cases.ts';
import { expectRefusal } from './judge.ts';
import { type Ended, PRESTAGE, runPrestage } from './run-prestage.ts';
import { type Snapshot, snapshotOf } from './snapshot.ts';
import { SOURCE_CASES } from './source-cases.ts';

const folder = tempFolder('authoring-cases');
const at = (...names: readonly string[]): string => path.join(folder, ...names);
const kit: AuthoringKit = {
  wim: at('os.wim'),
  armWim: at('arm.wim'),
  twoImages: at('two.wim'),
  split: at('split/part.swm'),
  solid: at('solid.wim'),
};

beforeAll(async () => {
  const tree = at('tree');
  await writeTree(tree, {
    'Windows/win.ini': '[fonts]\r\n',
    'Windows/a.bin': Buffer.alloc(2_000_000, 1),
    'b.bin': Buffer.alloc(2_000_000, 2),
  });
  const one = { folder: tree, name: 'Windows', properties: ['WINDOWS/ARCH=9'] };
  await captureWim(kit.wim, [one], { compression: 'none' });
  await captureWim(kit.twoImages, [one, { ...one, name: 'Another' }], { compression: 'none' });
  await captureWim(kit.armWim, [{ ...one, properties: ['WINDOWS/ARCH=12'] }], { compression: 'none' });
  await writeTree(at('split'), {});
  execFileSync('wimlib-imagex', ['split', kit.wim, kit.split, '2']);
  execFileSync('wimlib-imagex', ['export', kit.wim, '1', kit.solid, '--solid']);
  await laySite(at('site/site'), readFileSync(kit.wim));
  await createKey(at('site/site/keys'), 'stranger');
  await good('published', 'site', PUBLISH);
  await good('media', 'published', MEDIA);
  // Mode 0700 keeps everybody else out, also those without rights of whom cases are made.
  if (process.getuid?.() === 0) chmodSync(folder, 0o755);
});

const MEDIA = ['media', 'create', 'site', 'depot', '--from', 'point', '--to', 'out/depot.wim'];

async function good(name: string, from: string, words: readonly string[]): Promise<void> {
  cpSync(at(from), at(name), { recursive: true });
  expect(await runPrestage(words, { cwd: at(name) })).toMatchObject({ code: 0 });
}

let made = 0;

test.each([...SOURCE_CASES, ...CREATE_CASES])('$title: refused, and nothing is left of it', async each => {
  const place = at(`case-${made++}`);
  cpSync(at(each.from), place, { recursive: true });
  if (each.asNobody) giveAway(place);
  await each.lay(place, kit);
  if (each.asNobody) giveAway(place);
  const before = seen(place);
  const ended = await run(each, place);
  const { exitCode = 2, fault, subject, says = [] } = each;
  expectRefusal(ended, { exitCode, fault, subject, says });
  expect(ended.stdout).toBe('');
  expect(seen(place)).toEqual(before);
  if (each.late) {
    rmSync(path.join(place, 'site'), { recursive: true });
    cpSync(at(each.from, 'site'), path.join(place, 'site'), { recursive: true });
    if (existsSync(path.join(place, 'point')))
      expect(await runPrestage([...PUBLISH, '--rehash'], { cwd: place })).toMatchObject({ code: 0 });
    expect(await runPrestage(each.words, { cwd: place })).toMatchObject({ code: 0 });
  }
  rmSync(place, { recursive: true });
});

test('what Windows can store is published and comes with the media: twins of NFC and NFD, the longest names, ß beside ss', async () => {
  const place = at(`case-${made++}`);
  cpSync(at('site'), place, { recursive: true });
  const names = [
    '\u00e9.txt',
    'e\u0301.txt',
    'x'.repeat(255),
    '\u{1f600}'.repeat(63),
    'straße',
    'strasse',
    ' lead',
  ];
  for (const name of names) writeFileSync(path.join(place, 'site/content/CON00003/files', name), name);
  for (const words of [PUBLISH, MEDIA, [...APPLY, '--to', 'disk']])
    expect(await runPrestage(words, { cwd: place })).toMatchObject({ code: 0 });
  const found = readdirSync(path.join(place, 'disk/volumes/windows/_SMSTaskSequence/Packages/CON00003'));
  expect(found.filter(name => names.includes(name)).toSorted()).toEqual(names.toSorted());
});

/** A site keeps how its file system's clock stood, and a look at its files; both may be there after a publish that read something. */
function seen(place: string): Snapshot {
  const all = Object.entries(snapshotOf(place));
  return Object.fromEntries(all.filter(([name]) => !/^site\/\.prestage(\/moment)?$/.test(name)));
}

const NOBODY = 65534;

function run({ words, asNobody }: AuthoringCase, cwd: string): Promise<Ended> {
  const all = [...words, '--json'];
  if (!asNobody || process.getuid?.() !== 0) return runPrestage(all, { cwd });
  const rights = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups'];
  return runPrestage([...rights, PRESTAGE, ...all], { cwd }, 'setpriv');
}

/** To whom root becomes for a case; modes stay. Whoever is not root has the files already. */
function giveAway(place: string): void {
  if (process.getuid?.() !== 0) return;
  execFileSync('chown', ['-R', '-h', `${NOBODY}:${NOBODY}`, place]);
}
