import { describe, expect, test } from 'vitest';
import { readSite } from '../../agent/author/read-site.ts';
import { selectContent } from '../../agent/author/select-content.ts';
import { nearestName } from '../../agent/document/nearest-name.ts';
import type { Policy } from '../../agent/policy/policy.ts';
import { openSites } from '../support/site-issues.ts';
import type { Tree } from '../support/site-kit.ts';

const sites = openSites('sequence-issues');

const FILE = 'task-sequences/CON00020.yaml';
const HEAD = 'name: Install\nosImage: { id: CON00001, index: 1 }\n';

async function siteWith(text: string, others: Tree = {}): Promise<string> {
  return sites.lay({ [FILE]: HEAD + text, ...others });
}

/** Mistakes, each without the name of the file. */
async function issuesOf(text: string, others: Tree = {}): Promise<readonly string[]> {
  const issues = await sites.issuesOf({ [FILE]: HEAD + text, ...others });
  return issues.map(issue => issue.replace(`${FILE}:`, ''));
}

const STEPS = 'steps:\n  - step: apply-os-image\n  - step: set-up-boot\n';

const when = (condition: string, before = '') =>
  `${STEPS}${before}  - step: restart\n    to: full-os\n  - step: restart\n    to: full-os\n    when: ${condition}\n`;

describe('publishing a task sequence', () => {
  test.each<[string, string, string[]]>([
    [
      'names the type that is nearest to one that does not exist',
      `${STEPS}  - step: run-comand\n    command: x\n`,
      ['6:11 steps[2].step: no step has the type run-comand; run-command is the nearest'],
    ],
    [
      'tells a type that is like none',
      `${STEPS}  - group: G\n    steps:\n      - step: xyz\n`,
      ['8:15 steps[2].steps[0].step: no step has the type xyz'],
    ],
    [
      'tells every step that stands where it cannot run',
      'steps:\n  - step: apply-drivers\n  - step: set-up-boot\n  - step: apply-os-image\n',
      [
        '4:5 steps[0]: apply-drivers must stand after apply-os-image',
        '5:5 steps[1]: set-up-boot must stand after apply-os-image',
      ],
    ],
    [
      'tells steps that are missing',
      'steps:\n  - step: apply-os-image\n    disabled: true\n',
      [
        '4:3 steps: apply-os-image is required, but absent or disabled',
        '4:3 steps: set-up-boot is required, but absent or disabled',
      ],
    ],
    [
      'wants the image to end the run when it fails',
      'steps:\n  - step: apply-os-image\n    continueOnError: true\n  - step: set-up-boot\n',
      ['4:5 steps[0]: apply-os-image cannot continue on error: what comes after it would do harm without it'],
    ],
    [
      'wants content that is there, of the right type',
      `${STEPS}  - step: install-package\n    id: CON0000F\n  - step: install-application\n    id: CON00003\n  - step: run-command\n    command: x\n    content: CON00002\n`,
      [
        '7:9 steps[2].id: no content has the ID CON0000F',
        '9:9 steps[3].id: expected content of type application, found CON00003 of type package',
        '12:14 steps[4].content: expected content of type package, found CON00002 of type application',
      ],
    ],
    [
      'refuses to set what only a run itself sets',
      `variables: { _SMSTSModel: x }\n${STEPS}  - step: set-variable\n    variable: _SMSTSMake\n    value: y\n`,
      [
        '3:27 variables._SMSTSModel: _SMSTSModel is read-only: only a run itself sets it',
        '8:15 steps[2].variable: _SMSTSMake is read-only: only a run itself sets it',
      ],
    ],
    [
      'tells a variable that is set nowhere',
      when('{ all: [{ machine: model }, { not: { variable: Rnig, equals: pilot } }] }'),
      ['10:58 steps[3].when.all[1].not.variable: no variable Rnig is set anywhere'],
    ],
    [
      'tells the variable that a mistyped one is most like',
      `variables: { Ring: a }\n${when('{ variable: Rnig, equals: pilot }')}`,
      ['11:23 steps[3].when.variable: no variable Rnig is set anywhere; ring is the nearest'],
    ],
    [
      'tells a built-in variable that does not exist',
      when('{ variable: _SMSTSRing, equals: pilot }', '  - step: run-command\n    command: x\n'),
      ['12:23 steps[4].when.variable: _SMSTSRing is none of the variables that a run sets'],
    ],
    [
      'tells a condition of a group once, at the group',
      `${STEPS}  - group: G\n    when: { variable: Rnig, like: "a*" }\n    steps:\n      - step: install-packages\n      - step: install-applications\n`,
      ['7:23 steps[2].when.variable: no variable Rnig is set anywhere'],
    ],
    [
      'tells comparisons that cannot come out',
      when(
        '{ any: [{ machine: memoryMB, less: 8 GB }, { file: a, exists: false, version: "1" }, { file: a, version: new }] }',
      ),
      [
        '10:46 steps[3].when.any[0].less: expected a number or a version such as 10.0.26100, found 8 GB',
        '10:73 steps[3].when.any[1].exists: what is absent compares with nothing: leave out exists or the comparison',
        '10:116 steps[3].when.any[2].version: expected a version such as 10.0.26100, found new',
      ],
    ],
  ])('%s', async (_, text, issues) => {
    expect(await issuesOf(text)).toEqual(issues);
  });

  const pilot = '{ variable: Ring, equals: pilot }';

  test.each<[string, string, Tree]>([
    ['in the sequence', `variables: { ring: a }\n${when(pilot)}`, {}],
    [
      'by a step, wherever it stands',
      when(pilot, '  - step: set-variable\n    variable: RING\n    value: a\n'),
      {},
    ],
    ['by a command before it, perhaps', when(pilot, '  - step: run-command\n    command: x\n'), {}],
    [
      'by a collection',
      when(pilot),
      { 'collections.yaml': '- { name: Pilots, rule: all, variables: { Ring: pilot } }\n' },
    ],
    [
      'by a prestart command, perhaps',
      when(pilot),
      {
        'media/depot.yaml': 'taskSequence: CON00020\ncreatedBy: A\nprestart: { command: ask.exe }\n',
      },
    ],
    [
      'by media',
      when(pilot),
      { 'media/depot.yaml': 'taskSequence: CON00020\ncreatedBy: A\nvariables: { Ring: a }\n' },
    ],
    ['or not, where the question is whether it is', when('{ variable: Ring, exists: false }'), {}],
    [
      'or not, where an earlier part asks whether it is',
      when('{ all: [{ variable: Ring }, { variable: ring, equals: a }] }'),
      {},
    ],
    ['or not, where exists stands beside', when('{ variable: Ring, exists: true, equals: a }'), {}],
    ['by the run itself', when('{ variable: _SMSTSModel, like: "Book*" }'), {}],
  ])('takes a condition on a variable that is set %s', async (_, text, others) => {
    const site = await readSite(await siteWith(text, others));
    expect(site.taskSequences[0]?.steps).toHaveLength(text.split('- step:').length - 1);
  });

  test('a command behind a condition does not set what it compares', async () => {
    expect(await issuesOf(`${when(pilot)}  - step: run-command\n    command: x\n`)).toEqual([
      '10:23 steps[3].when.variable: no variable Ring is set anywhere',
    ]);
  });
});

describe('media of a sequence with steps', () => {
  const select = async (steps: string) => {
    const site = await readSite(await siteWith(`packages: [CON00003]\napplications: [CON00002]\n${steps}`));
    const content = site.content.map(({ id, type, name, version }) => ({
      id,
      type,
      name,
      version,
      digest: '0'.repeat(64),
      manifestBytes: 1,
      totalBytes: 1,
    }));
    const policy = { content, taskSequences: site.taskSequences } as unknown as Policy;
    const [media] = site.media;
    if (media === undefined) throw new Error('no media');
    return selectContent({ ...media, bootImage: undefined }, site, policy).content.map(({ id }) => id);
  };

  test.each<[string, string, string[]]>([
    ['takes only the image where nothing else is used', STEPS, ['CON00001']],
    [
      'takes what a step installs, with what it depends on',
      `${STEPS}  - step: install-application\n    id: CON00002\n`,
      ['CON00001', 'CON00003', 'CON00002'],
    ],
    [
      'takes the files of a command',
      `${STEPS}  - step: run-command\n    command: x\n    content: CON00003\n`,
      ['CON00001', 'CON00003'],
    ],
    [
      'leaves out what a disabled step uses',
      `${STEPS}  - step: install-package\n    id: CON00003\n    disabled: true\n`,
      ['CON00001'],
    ],
    ['takes the lists that steps install', `${STEPS}  - step: install-packages\n`, ['CON00001', 'CON00003']],
    [
      'takes driver packages that a step adds',
      STEPS.replace('  - step: set-up', '  - step: apply-drivers\n  - step: set-up'),
      ['CON00001', 'CON00004'],
    ],
  ])('%s', async (_, steps, ids) => {
    expect(await select(steps)).toEqual(ids);
  });
});

test.each([
  ['instal-package', 'install-package'],
  ['Run-Powershel', 'run-powershell'],
  ['x', undefined],
  ['a'.repeat(5000), undefined],
])('%s is nearest to %s', (name, nearest) => {
  expect(nearestName(name, ['install-package', 'run-powershell', 'restart'])).toBe(nearest);
});
