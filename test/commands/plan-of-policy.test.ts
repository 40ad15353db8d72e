import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { continueDeployment } from '../../agent/commands/continue.ts';
import { deploy } from '../../agent/commands/deploy.ts';
import { decodeLines, encodeLine } from '../../agent/durable/checked-lines.ts';
import type { JournalRecord } from '../../agent/journal/record.ts';
import type { Action, Plan } from '../../agent/plan/plan.ts';
import { makeSmallSite, type SmallSite, testComposition } from '../support/small-site.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('plan-of-policy');
let site: SmallSite;
beforeAll(async () => {
  site = await makeSmallSite(folder);
});
afterAll(() => site?.close());

/** Deploys up to the hand-over, then writes another plan into the journal, with right checksums. */
async function forged(name: string, change: (plan: Plan) => Plan): Promise<string> {
  const disk = path.join(folder, name);
  await site.layDisk(disk);
  expect(await deploy({ disk, config: site.config, json: true }, testComposition(site))).toBe(3);
  const journal = path.join(disk, 'volumes/windows/_SMSTaskSequence/Prestage/journal.log');
  const lines = decodeLines(await readFile(journal)).values.map(value => {
    const record = value as JournalRecord;
    return encodeLine(record.type === 'plan' ? { ...record, plan: change(record.plan) } : record);
  });
  await writeFile(journal, Buffer.concat(lines));
  return disk;
}

const withActions =
  (change: (actions: readonly Action[]) => readonly Action[]) =>
  (plan: Plan): Plan => ({
    ...plan,
    actions: change(plan.actions),
  });

const isInstall = (action: Action): boolean => action.name.startsWith('install-');

test.each<[string, (plan: Plan) => Plan]>([
  [
    'skips an install',
    withActions(actions =>
      actions.map(each =>
        each.name === 'install-application' ? { ...each, control: { skip: 'disabled' } } : each,
      ),
    ),
  ],
  ['lacks an install', withActions(actions => actions.filter(each => each.name !== 'install-application'))],
  [
    'installs in another order',
    withActions(actions => [
      ...actions.filter(each => !isInstall(each) && each.name !== 'retire-media'),
      ...actions.filter(isInstall).toReversed(),
      { name: 'retire-media' },
    ]),
  ],
  [
    'runs a command that no policy names',
    withActions(actions =>
      actions.toSpliced(actions.findIndex(isInstall), 0, {
        name: 'run-command',
        command: 'evil.exe',
        control: { phase: 'full-os', mark: '01234567' },
      }),
    ),
  ],
  ['has another target', plan => ({ ...plan, target: { label: 'Data' } })],
])('a plan that %s is refused in the new Windows before anything of it is run', async (name, change) => {
  const disk = await forged(name.replaceAll(' ', '-'), change);
  expect(
    await faultOf(continueDeployment({ disk, config: site.config }, testComposition(site))),
  ).toMatchObject({
    code: 'TRUST-07',
  });
  expect(await readFile(path.join(disk, 'commands.ndjson'), 'utf8')).not.toMatch(/setup\.exe|tool\.cmd|evil/);
});

test('the plan as it was made is carried out', async () => {
  const disk = await forged('unchanged', plan => plan);
  expect(await continueDeployment({ disk, config: site.config, json: true }, testComposition(site))).toBe(0);
});
