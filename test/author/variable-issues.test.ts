// Variables with values that Windows Setup would refuse, and names that only a run sets: told at publish, on every level, secrets without their value.

import { expect, test } from 'vitest';
import { readSite } from '../../agent/author/read-site.ts';
import { openSites } from '../support/site-issues.ts';
import type { Tree } from '../support/site-kit.ts';

const sites = openSites('variable-issues');

const HEAD = 'name: Install\nosImage: { id: CON00001, index: 1 }\n';
const NAME =
  'expected a computer name: 1 to 15 letters, digits, - or _, not digits alone, - not at an end; or *';

test.each<[string, Tree, string]>([
  [
    'of the task sequence',
    { 'task-sequences/CON00020.yaml': `${HEAD}variables:\n  OSDTimeZone: Europe/Vienna\n` },
    'task-sequences/CON00020.yaml:4:16 variables.OSDTimeZone: expected a time zone as Windows names it (tzutil /l), such as W. Europe Standard Time, found Europe/Vienna',
  ],
  [
    'of a step',
    {
      'task-sequences/CON00020.yaml': `${HEAD}steps:\n  - step: apply-os-image\n  - step: set-variable\n    variable: osdcomputername\n    value: PC 7\n  - step: set-up-boot\n`,
    },
    `task-sequences/CON00020.yaml:7:12 steps[1].value: ${NAME}, found PC 7`,
  ],
  [
    'of a collection',
    { 'collections.yaml': '- name: Graz\n  variables: { OSDUILanguage: deutsch-und-so }\n' },
    'collections.yaml:2:31 [0].variables.OSDUILanguage: expected a language and country, such as de-AT, found deutsch-und-so',
  ],
  [
    'of a machine, which is secret',
    { 'machines.yaml': '- serial: A1\n  secret: { OSDProductKey: hunter2 }\n' },
    'machines.yaml:2:28 [0].secret.OSDProductKey: expected a product key: five groups of five letters and digits, found another thing (not shown)',
  ],
])('a value %s that Windows Setup would refuse is told at publish', async (_, tree, issue) => {
  expect(await sites.issuesOf(tree)).toEqual([issue]);
});

test.each<[string, Tree, string]>([
  [
    'a collection',
    { 'collections.yaml': '- name: Graz\n  variables: { _SMSTSModel: x }\n' },
    'collections.yaml:2:29 [0].variables._SMSTSModel: _SMSTSModel is read-only: only a run itself sets it',
  ],
  [
    'a machine',
    { 'machines.yaml': '- serial: A1\n  variables: { OSDTargetSystemDrive: "C:" }\n' },
    'machines.yaml:2:38 [0].variables.OSDTargetSystemDrive: OSDTargetSystemDrive is read-only: only a run itself sets it',
  ],
])('a name that only a run itself sets is refused in %s', async (_, tree, issue) => {
  expect(await sites.issuesOf(tree)).toEqual([issue]);
});

test('a value with a variable in it is known on the machine alone, and an empty one is none', async () => {
  const tree = {
    'task-sequences/CON00020.yaml': `${HEAD}variables:\n  OSDComputerName: "PC %_SMSTSSerialNumber%"\n  OSDTimeZone: ""\n`,
  };
  await expect(readSite(await sites.lay(tree))).resolves.toMatchObject({ site: 'CON' });
});

test('a document with mistakes is not missing as well: references to it are not told', async () => {
  const broken = { 'task-sequences/CON00020.yaml': `${HEAD}drivres: auto\n` };
  expect(await sites.issuesOf(broken)).toEqual([
    'task-sequences/CON00020.yaml:3:1 drivres: unknown key; did you mean drivers?',
  ]);
});
