import { expect, test } from 'vitest';
import { tempFolder } from '../../support/temp-folder.ts';
import { cutDeployments } from './cut-deployments.ts';

const folder = tempFolder('vm-cuts-none');

test('ten power cuts that lose all that was not flushed end in the same Windows as none', async () => {
  const run = await cutDeployments({ folder, seed: 1, cuts: 10, cutsEach: 10, policy: 'none' });
  console.log(run.cuts.join('\n'));
  expect(run.wrong).toEqual([]);
  expect(run.cuts).toHaveLength(10);
}, 2_400_000);
