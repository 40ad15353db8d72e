// What a run says of its sources, as a technician reads it.
import { cp, mkdir, readdir, rm, truncate } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deploy } from '../../agent/commands/deploy.ts';
import { showReport } from '../../agent/commands/report.ts';
import type { ProgressEvent } from '../../agent/progress/event.ts';
import { makeSmallSite, type SmallSite, testComposition, wearDisk } from '../support/small-site.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('source-words');
let site: SmallSite;
beforeAll(async () => {
  site = await makeSmallSite(path.join(ground, 'site'), {
    points: [
      { url: 'volume:STICK/dp', priority: 1 },
      { url: 'file://elsewhere/dp', priority: 2 },
      { url: 'http://127.0.0.1:9', priority: 0 },
    ],
  });
});
afterAll(() => site?.close());

const notesOf = (events: readonly ProgressEvent[]): readonly string[] =>
  events.flatMap(event => (event.kind === 'note' ? [`${event.level}: ${event.text}`] : []));

async function deployed(name: string, stick: boolean): Promise<{ disk: string; notes: readonly string[] }> {
  const disk = path.join(ground, name);
  await site.layDisk(disk);
  await wearDisk(disk);
  if (stick) {
    const point = path.join(disk, 'volumes/stick/dp');
    await mkdir(path.dirname(point), { recursive: true });
    await cp(site.point, point, { recursive: true });
    const versionOf = async (id: string): Promise<string> => {
      const [version = ''] = await readdir(path.join(point, 'content', id));
      return path.join(point, 'content', id, version);
    };
    for (const id of await readdir(path.join(point, 'content')))
      await rm(path.join(await versionOf(id), 'packs'), { recursive: true, force: true });
    await truncate(path.join(await versionOf('CON00006'), 'files/data.bin'), 399_999);
    const drivers = path.join(await versionOf('CON00004'), 'files');
    await rm(path.join(drivers, (await readdir(drivers))[0] ?? ''), { recursive: true });
  }
  const composition = testComposition(site);
  expect(await deploy({ disk, config: site.config }, composition)).toBe(3);
  return { disk, notes: notesOf(composition.events) };
}

test('a stick that is not there is no warning; an address that this system cannot take, and a server that is down, are', async () => {
  const { notes } = await deployed('without', false);
  expect(notes).toContainEqual(
    expect.stringMatching(
      /^info: volume:STICK\/dp is not there; it is looked for again in 30 s at the earliest\./,
    ),
  );
  expect(notes).toContainEqual(
    expect.stringMatching(
      /^warning: file:\/\/elsewhere\/dp is passed over: USAGE-02 .* \(expected file: and/,
    ),
  );
  expect(notes).toContainEqual(
    expect.stringMatching(/^warning: http:\/\/127\.0\.0\.1:9 is set aside for 30 s: NET-01 /),
  );
  expect(notes.filter(text => /NET-01.*NET-01/.test(text))).toEqual([]);
});

test('one that lacks a file, and one that has another, are named; and who gave what is in the report', async () => {
  const { disk, notes } = await deployed('bad', true);
  expect(notes).toContainEqual(
    expect.stringMatching(/^warning: volume:STICK\/dp gave something else than CON00006 is, .*data\.bin/s),
  );
  expect(notes).toContainEqual(
    expect.stringMatching(
      /^info: volume:STICK\/dp has not all of CON00004; what it lacks is asked of others\. NET-02 /,
    ),
  );
  const composition = testComposition(site);
  await showReport({ disk }, composition);
  expect(composition.printed.join('\n')).toMatch(/\nFetched from http:\S+ \([\d.]+ KB\)\.\n/);
});
