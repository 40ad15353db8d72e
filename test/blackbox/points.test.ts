import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type IisPoint, startIisPoint } from '../support/iis-point.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { expectRefusal } from './judge.ts';
import { AT_DISK } from './play-case.ts';
import { POINT_CASES } from './point-cases.ts';
import { runPrestage } from './run-prestage.ts';
import { snapshotOf } from './snapshot.ts';
import { openWorld, type World } from './world.ts';

const folder = tempFolder('point-cases');
const packages = new Map<string, Uint8Array>();
let world: World;
let iis: IisPoint;
beforeAll(async () => {
  world = await openWorld(folder);
  iis = await startIisPoint(packages);
});
afterAll(async () => {
  await iis?.close();
  await world?.close();
});

let played = 0;

test.each(POINT_CASES)(
  'media that name $title: deployed, or refused by name',
  async ({ points, refused, fromServer }) => {
    const around = {
      folder: path.join(folder, `around-${played++}`),
      published: world.site.point,
      server: `${world.server.url}/`,
      iis: iis.url,
      packages,
    };
    mkdirSync(around.folder);
    const distributionPoints = points(around);
    const media = { fields: (document: object) => ({ ...document, distributionPoints }) };
    const { folder: cwd, disk } = await world.lay({ worn: true, media });
    const ended = await runPrestage(['deploy', ...AT_DISK], { cwd });
    const asked = world.answeredWell().filter(({ path: name }) => /\/(files|pack[^/]*)\b/.test(name));
    if (fromServer === 'nothing') expect(asked).toEqual([]);
    else if (fromServer !== undefined)
      expect(asked.map(({ path: name }) => name)).toContainEqual(expect.stringMatching(fromServer));
    if (refused !== undefined) return expectRefusal(ended, refused);
    expect(ended, ended.stderr).toMatchObject({ code: 3 });
    const applied = snapshotOf(path.join(disk, 'volumes/windows'));
    for (const [name, digest] of Object.entries(snapshotOf(world.site.osTree)))
      expect(applied[name], name).toBe(digest);
  },
);
