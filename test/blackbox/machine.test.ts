import { appendFileSync, copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tempFolder } from '../support/temp-folder.ts';
import { expectRefusal } from './judge.ts';
import { MACHINE_CASES } from './machine-cases.ts';
import { AT_DISK, playCase } from './play-case.ts';
import { runPrestage } from './run-prestage.ts';
import { snapshotOf } from './snapshot.ts';
import { openWorld, type Place, type World } from './world.ts';

const JOURNAL = 'volumes/windows/_SMSTaskSequence/Prestage/journal.log';

const folder = tempFolder('machine-cases');
let world: World;
beforeAll(async () => {
  world = await openWorld(folder);
});
afterAll(() => world?.close());

test.each(MACHINE_CASES)('$title: told, and nothing is lost', async each => {
  await playCase(world, each);
});

test('check lists every bad range in JSON before it refuses', async () => {
  const { ended } = await playCase(world, {
    title: 'a worn disk',
    world: { worn: true },
    command: ['check'],
    exitCode: 30,
    fault: 'CONTENT-06',
    subject: 'CON00001',
    unchanged: 'everything',
  });
  const result = JSON.parse(ended.stdout);
  expect(result).toMatchObject({ format: 'prestage-check/1', sound: false });
  const image = result.items.find((item: { id: string }) => item.id === 'CON00001');
  expect(image.files[0].badRanges).toEqual([
    expect.objectContaining({
      offset: expect.any(Number),
      expected: expect.stringMatching(/^[0-9a-f]{64}$/),
    }),
  ]);
});

/** A disk that was deployed up to the hand-over, with its journal. */
async function deployed(): Promise<Place> {
  const place = await world.lay({});
  expect(await runPrestage(['deploy', ...AT_DISK], { cwd: place.folder })).toMatchObject({ code: 3 });
  return place;
}

test('a journal damaged in its middle stops every command, and --fresh begins anew', async () => {
  const { folder: cwd, disk } = await deployed();
  const journal = path.join(disk, JOURNAL);
  const bytes = readFileSync(journal);
  bytes[Math.floor(bytes.length / 2)]! ^= 1;
  writeFileSync(journal, bytes);
  const before = snapshotOf(path.join(disk, 'volumes/windows/Windows'));
  for (const command of ['deploy', 'continue', 'plan', 'check']) {
    const ended = await runPrestage([command, ...AT_DISK], { cwd });
    expectRefusal(ended, {
      exitCode: 80,
      fault: 'JOURNAL-01',
      subject: 'journal.log',
      says: [/line: \d+/, '--fresh'],
    });
  }
  expect(snapshotOf(path.join(disk, 'volumes/windows/Windows'))).toEqual(before);
  expect(readFileSync(journal)).toEqual(bytes);
  const asked = world.server.requests.length;
  expect(await runPrestage(['deploy', '--fresh', ...AT_DISK], { cwd })).toMatchObject({ code: 3 });
  const files = world.server.requests.slice(asked).filter(request => request.path.includes('/files/'));
  expect(files).toEqual([]);
});

test('a torn or zero-filled end of the journal is what a power cut leaves, and the run goes on', async () => {
  const { folder: cwd, disk } = await deployed();
  const journal = path.join(disk, JOURNAL);
  truncateSync(journal, readFileSync(journal).length - 7);
  appendFileSync(journal, Buffer.alloc(512));
  expect(await runPrestage(['deploy', ...AT_DISK], { cwd })).toMatchObject({ code: 3 });
  expect(await runPrestage(['continue', ...AT_DISK], { cwd })).toMatchObject({ code: 0 });
});

test('a journal of other media is not followed', async () => {
  const { disk } = await deployed();
  const other = await world.lay({
    media: { fields: media => ({ ...media, mediaId: '11111111-2222-4333-8444-555555555555' }) },
  });
  copyFileSync(path.join(disk, JOURNAL), path.join(other.disk, JOURNAL));
  const before = snapshotOf(other.disk);
  const ended = await runPrestage(['plan', ...AT_DISK], { cwd: other.folder });
  expectRefusal(ended, {
    exitCode: 80,
    fault: 'JOURNAL-02',
    subject: 'journal.log',
    says: ['expected: 11111111-2222-4333-8444-555555555555'],
  });
  expect(snapshotOf(other.disk)).toEqual(before);
});

test('of two media the one that is named is deployed', async () => {
  const place = await world.lay({
    disk: {
      'volumes/data/_SMSTaskSequence/Prestage/media.json': '{}',
      'volumes/data/photos.txt': 'of the user',
    },
  });
  const before = snapshotOf(path.join(place.disk, 'volumes/data'));
  const words = ['deploy', '--media', 'windows', ...AT_DISK];
  expect(await runPrestage(words, { cwd: place.folder })).toMatchObject({ code: 3 });
  expect(snapshotOf(path.join(place.disk, 'volumes/data'))).toEqual(before);
});

test.each([
  {
    title: 'cut short',
    change: (wim: Uint8Array) => wim.subarray(0, -1000),
    fault: 'CONTENT-06',
    exitCode: 30,
  },
  {
    title: 'altered in its middle',
    change: (wim: Uint8Array) => wim.with(wim.length >> 1, wim[wim.length >> 1]! ^ 1),
    fault: 'CONTENT-06',
    exitCode: 30,
  },
])('a media WIM that is $title is not applied', async ({ change, fault, exitCode }) => {
  const { folder: cwd } = await world.lay({});
  const beside = (name: string): string => path.join(cwd, `depot.wim${name}`);
  for (const name of ['.json', '.json.sig', '.media.json', '.media.json.sig'])
    copyFileSync(`${world.site.wim}${name}`, beside(name));
  writeFileSync(beside(''), change(readFileSync(world.site.wim)));
  const before = snapshotOf(cwd);
  const words = ['media', 'apply', 'depot.wim', '--to', 'new', '--config', 'agent.yaml', '--yes', '--json'];
  const ended = await runPrestage(words, { cwd });
  expectRefusal(ended, { exitCode, fault, subject: 'depot.wim', says: ['expected', 'found'] });
  expect(snapshotOf(cwd)).toEqual(before);
});
