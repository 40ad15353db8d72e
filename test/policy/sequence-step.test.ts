import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { tryDecodeYaml } from '../../agent/document/decode-yaml.ts';
import { policyStepSchema } from '../../agent/policy/sequence-step.ts';

const schema = z.strictObject({ steps: z.array(policyStepSchema) });

const decode = (text: string) => tryDecodeYaml(`steps:\n${text}`, schema, { file: 'x.yaml' });

describe('a mistake in a step', () => {
  test.each<[string, string[]]>([
    ['  - step: run-command', ['x.yaml:2:5 steps[0].command: required, but absent']],
    [
      '  - step: run-command\n    comand: a\n    fast: 1',
      [
        'x.yaml:2:5 steps[0].command: required, but absent',
        'x.yaml:3:5 steps[0].comand: unknown key; did you mean command?',
        'x.yaml:4:5 steps[0].fast: unknown key',
      ],
    ],
    [
      '  - step: run-command\n    command: 5\n    timeoutMinutes: x\n    retry: 4\n    disabled: maybe\n    runsIn: linux',
      [
        'x.yaml:3:14 steps[0].command: expected text (write it in quotes), found 5',
        'x.yaml:4:21 steps[0].timeoutMinutes: expected a number, found x',
        'x.yaml:5:12 steps[0].retry: expected a mapping of keys, found 4',
        'x.yaml:6:15 steps[0].disabled: expected true or false, found maybe',
        'x.yaml:7:13 steps[0].runsIn: expected one of winpe, full-os, found linux',
      ],
    ],
    [
      '  - group: Apps\n    stps: []',
      [
        'x.yaml:2:5 steps[0].steps: required, but absent',
        'x.yaml:3:5 steps[0].stps: unknown key; did you mean steps?',
      ],
    ],
    [
      '  - group: A\n    steps:\n      - group: B\n        steps:\n          - step: restart\n            to: mars',
      ['x.yaml:7:17 steps[0].steps[0].steps[0].to: expected one of winpe, full-os, found mars'],
    ],
    ['  - hello', ['x.yaml:2:5 steps[0]: expected a step (`step:`) or a group (`group:`), found hello']],
    [
      '  - stepp: restart',
      [
        'x.yaml:2:5 steps[0]: expected a step (`step:`) or a group (`group:`), found a mapping of keys (stepp)',
      ],
    ],
    [
      '  - step: 5',
      [
        'x.yaml:2:5 steps[0]: expected a step (`step:`) or a group (`group:`), found a mapping of keys (step)',
      ],
    ],
    [
      '  - step: apply-os-image\n    target: D',
      ['x.yaml:3:13 steps[0].target: expected media, partitioned or a label, found D'],
    ],
    [
      '  - step: run-powershell',
      ['x.yaml:2:5 steps[0]: expected script (its text), or file with the content that holds it'],
    ],
    [
      '  - step: run-powershell\n    file: a.ps1',
      ['x.yaml:2:5 steps[0]: expected script (its text), or file with the content that holds it'],
    ],
    [
      '  - step: apply-drivers\n    when: { model: Book }',
      [
        'x.yaml:3:11 steps[0].when: expected all, any, not, variable, machine, file, folder or registryKey, found a mapping of keys (model)',
      ],
    ],
    [
      '  - step: apply-drivers\n    when: { variable: Ring, equal: pilot }',
      ['x.yaml:3:29 steps[0].when.equal: unknown key; did you mean equals?'],
    ],
    [
      '  - step: apply-drivers\n    when: { all: [{ variable: "a b" }, { any: [] }, { not: { file: x, exists: 5 } }] }',
      [
        'x.yaml:3:31 steps[0].when.all[0].variable: expected a variable name of letters, digits, _ and -, found "a b"',
        'x.yaml:3:47 steps[0].when.all[1].any: expected at least 1 entry, found 0',
        'x.yaml:3:79 steps[0].when.all[2].not.exists: expected true or false, found 5',
      ],
    ],
  ])('%j is told at its place', (text, issues) => {
    const decoded = decode(text);
    expect(decoded.ok ? [] : decoded.issues).toEqual(issues);
  });
});

test('a step of a type that this version does not know passes, whatever stands in it', () => {
  const decoded = decode(
    '  - step: update-firmware\n    disabled: true\n    name: [5]\n    file: a\n  - step: restart\n    to: winpe',
  );
  expect(decoded).toMatchObject({
    ok: true,
    value: {
      steps: [
        { step: 'update-firmware', disabled: true, file: 'a' },
        { step: 'restart', to: 'winpe' },
      ],
    },
  });
});
