import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { publish } from '../../agent/author/publish.ts';
import { authorKit, laySite, SITE, type Tree } from '../support/site-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, writeTree } from '../support/wim-kit.ts';

const temporary = tempFolder('site-warnings');
const depot = { taskSequence: 'CON00020', createdBy: 'A. Admin', unknownComputers: false };
let count = 0;

async function warningsOf(differences: Tree): Promise<readonly string[]> {
  count += 1;
  const at = (...names: string[]) => path.join(temporary, String(count), ...names);
  await writeTree(at('tree'), { 'Windows/a.txt': 'a' });
  await captureWim(at('os.wim'), [{ folder: at('tree'), name: 'OS' }]);
  await laySite(at('site'), await readFile(at('os.wim')), differences);
  const kit = authorKit();
  await publish({ site: at('site'), point: at('point') }, kit);
  return kit.events.flatMap(event =>
    event.kind === 'note' && event.level === 'warning' ? [event.text] : [],
  );
}

it.each([
  ['a site that offers something', {}, []],
  [
    'a site without a deployment',
    { 'deployments.yaml': undefined },
    ['The site has no deployment in deployments.yaml: no computer will be offered anything.'],
  ],
  [
    'a site whose list of deployments is empty, and which has no task sequence either: the first is told',
    { 'deployments.yaml': [], 'task-sequences': undefined, media: undefined },
    ['The site has no task sequence in task-sequences/: no computer will be offered anything.'],
  ],
  [
    'media for known computers, of which there are none',
    { 'media/depot.yaml': depot, 'media/bench.yaml': SITE['media/depot.yaml'] },
    [
      'media/depot.yaml serves only computers that machines.yaml knows (unknownComputers: false), and it knows none: no computer will be served.',
    ],
  ],
] as const)('publishes %s and warns of what cannot be meant', async (_, differences, expected) => {
  expect(await warningsOf(differences)).toEqual(expected);
});
