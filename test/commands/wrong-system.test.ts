// Each half of a deployment in the system of the other half: refused by name, and nothing is changed.
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { continueDeployment } from '../../agent/commands/continue.ts';
import { deploy } from '../../agent/commands/deploy.ts';
import {
  makeSmallSite,
  type SmallSite,
  type TestComposition,
  testComposition,
} from '../support/small-site.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { readTree } from '../support/wim-kit.ts';

const folder = tempFolder('wrong-system');
const disk = path.join(folder, 'disk');
let site: SmallSite;
beforeAll(async () => {
  site = await makeSmallSite(path.join(folder, 'site'));
  await site.layDisk(disk);
});
afterAll(() => site?.close());

/** A machine of which Windows says that it is this system. */
function within(system: 'winpe' | 'full-os'): TestComposition {
  const composition = testComposition(site);
  return {
    ...composition,
    openMachine: async options => {
      const machine = await composition.openMachine(options);
      return { ...machine, facts: async () => ({ ...(await machine.facts()), system }) };
    },
  };
}

test('deploy in a running Windows does not clear the volume that it runs from', async () => {
  const before = await readTree(disk);
  for (const fresh of [false, true]) {
    const fault = await faultOf(deploy({ disk, config: site.config, fresh }, within('full-os')));
    expect(fault).toMatchObject({
      code: 'USAGE-10',
      subject: 'prestage deploy',
      detail: { expected: 'Windows PE', found: 'Windows' },
    });
  }
  expect(await readTree(disk)).toEqual(before);
});

test('continue in Windows PE installs nothing there, and takes nothing away', async () => {
  expect(await deploy({ disk, config: site.config }, within('winpe'))).toBe(3);
  const before = await readTree(disk);
  const fault = await faultOf(continueDeployment({ disk, config: site.config }, within('winpe')));
  expect(fault).toMatchObject({
    code: 'USAGE-10',
    subject: 'prestage continue',
    detail: { expected: 'Windows', found: 'Windows PE' },
  });
  expect(await readTree(disk)).toEqual(before);
  expect(await continueDeployment({ disk, config: site.config }, within('full-os'))).toBe(0);
});
