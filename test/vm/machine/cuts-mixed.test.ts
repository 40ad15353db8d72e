import { expect, test } from 'vitest';
import { tempFolder } from '../../support/temp-folder.ts';
import { cutDeployments } from './cut-deployments.ts';

const folder = tempFolder('vm-cuts-mixed');

test('ten power cuts that keep, lose and tear what was not flushed end in the same Windows as none', async () => {
  const run = await cutDeployments({ folder, seed: 2, cuts: 10, cutsEach: 10, policy: 'mixed' });
  console.log(run.cuts.join('\n'));
  expect(run.wrong).toEqual([]);
  expect(run.cuts).toHaveLength(10);
}, 2_400_000);
