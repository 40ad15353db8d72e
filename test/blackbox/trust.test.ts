import { afterAll, beforeAll, expect, test } from 'vitest';
import { tempFolder } from '../support/temp-folder.ts';
import { expectRefusal } from './judge.ts';
import { MEDIA_CASES } from './media-cases.ts';
import { AT_DISK, playCase } from './play-case.ts';
import { PATH_CASES, POLICY_CASES } from './policy-cases.ts';
import { runPrestage } from './run-prestage.ts';
import { snapshotOf } from './snapshot.ts';
import { openWorld, type World } from './world.ts';

const folder = tempFolder('trust-cases');
let world: World;
beforeAll(async () => {
  world = await openWorld(folder);
});
afterAll(() => world?.close());

test.each(MEDIA_CASES)('$title: refused, nothing on the disk changes, and no server is asked', async each => {
  const asked = world.server.requests.length;
  await playCase(world, each);
  expect(world.server.requests.slice(asked)).toEqual([]);
});

test.each([...POLICY_CASES, ...PATH_CASES])('$title: refused, and no file of it is fetched', async each => {
  const asked = world.server.requests.length;
  await playCase(world, each);
  const fetched = world.server.requests.slice(asked).map(request => request.path);
  expect(fetched.filter(path => /^content\/.*\/(files|chunks)\//.test(path))).toEqual([]);
});

test.each([POLICY_CASES[1]!, PATH_CASES[0]!])(
  '$title: plan refuses it too and changes nothing at all',
  async each => {
    await playCase(world, { ...each, command: ['plan'], unchanged: 'everything' });
  },
);

test('a policy that was current once is refused after a newer one was accepted', async () => {
  const replayed = {
    policy: { fields: (policy: object) => ({ ...policy, serial: 7 }) },
  };
  const { folder: place } = await world.lay(replayed);
  expect(await runPrestage(['deploy', ...AT_DISK], { cwd: place })).toMatchObject({ code: 3 });
  const before = snapshotOf(`${place}/disk/volumes/windows/Windows`);
  await world.lay({});
  const ended = await runPrestage(['deploy', ...AT_DISK], { cwd: place });
  expectRefusal(ended, {
    exitCode: 20,
    fault: 'TRUST-06',
    subject: 'policy.json',
    says: ['expected: serial 7 or higher', 'found: 2'],
  });
  expect(snapshotOf(`${place}/disk/volumes/windows/Windows`)).toEqual(before);
});

test('what is refused on the disk is shown by media inspect with the reason, and nothing changes', async () => {
  const place = await world.lay({ media: { key: 'stranger' } });
  const before = snapshotOf(place.folder);
  const words = ['media', 'inspect', 'disk', '--config', 'agent.yaml', '--json'];
  const { code, stdout } = await runPrestage(words, { cwd: place.folder });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ validity: 'unknown', doubts: [{ code: 'TRUST-02' }] });
  expect(snapshotOf(place.folder)).toEqual(before);
});
