import { describe, expect, test } from 'vitest';
import type { MachineFacts } from '../../agent/facts/machine-facts.ts';
import { type CompiledAction, compileSteps } from '../../agent/plan/compile-steps.ts';
import { requireSteps } from '../../agent/plan/require-steps.ts';
import type { UserStateOrder } from '../../agent/policy/machine-record.ts';
import type { NamedCollection } from '../../agent/policy/policy.ts';
import type { SequenceStep } from '../../agent/policy/sequence-step.ts';
import { resolveVariables, type VariableLayer } from '../../agent/policy/variables.ts';

const FACTS: MachineFacts = {
  manufacturer: 'Contoso',
  model: 'Book 14',
  macAddresses: ['00:11:22:33:44:55'],
  ipAddresses: ['10.0.0.1'],
  memoryBytes: 8 * 1024 ** 3,
  firmware: 'uefi',
  architecture: 'x64',
  system: 'winpe',
  power: 'mains',
};

const ITEMS: Readonly<Record<string, { kind: 'package' | 'application'; dependencies: string[] }>> = {
  ABC000A1: { kind: 'application', dependencies: ['ABC000A2'] },
  ABC000A2: { kind: 'application', dependencies: [] },
  ABC000A3: { kind: 'application', dependencies: ['ABC000B1'] },
  ABC000B1: { kind: 'package', dependencies: [] },
  ABC000B2: { kind: 'package', dependencies: [] },
};

interface Given {
  readonly levels?: readonly VariableLayer[];
  readonly collections?: readonly NamedCollection[];
  readonly packages?: readonly string[];
  readonly applications?: readonly string[];
  readonly role?: UserStateOrder['role'];
  readonly forgotten?: readonly string[];
}

function compile(steps: readonly SequenceStep[] | undefined, given: Given = {}) {
  const sequence = {
    id: 'ABC00100',
    packages: [...(given.packages ?? ['ABC000B1', 'ABC000B2'])],
    applications: [...(given.applications ?? ['ABC000A1', 'ABC000A3'])],
  };
  return compileSteps({
    sequence,
    steps: requireSteps(
      { id: sequence.id, ...(steps === undefined ? {} : { steps: [...steps] }) },
      given.role,
    ),
    driverPackages: ['ABC000D1', 'ABC000D2'],
    about: id => ITEMS[id] ?? { kind: 'package', dependencies: [] },
    known: {
      facts: FACTS,
      variables: resolveVariables(given.levels ?? []),
      collections: given.collections ?? [],
      ...(given.forgotten === undefined ? {} : { forgotten: given.forgotten }),
    },
  });
}

/** `name:id`, with `-` before what is skipped. */
function words(actions: readonly CompiledAction[]): string[] {
  return actions.map(action => {
    const name = 'id' in action ? `${action.name}:${action.id}` : action.name;
    return action.control?.skip === undefined ? name : `-${name}`;
  });
}

const APPLY = { step: 'apply-os-image' } as const;
const BOOT = { step: 'set-up-boot' } as const;
const END = ['stage-agent', 'write-unattend', 'make-bootable', 'protect-folders', 'hand-over'];

const run = (command: string, more: object = {}): SequenceStep => ({ step: 'run-command', command, ...more });

describe('the default sequence', () => {
  const DEFAULT = [
    'download-content',
    'apply-os-image',
    'add-drivers:ABC000D1',
    'add-drivers:ABC000D2',
    ...END,
    'install-package:ABC000B1',
    'install-package:ABC000B2',
    'install-application:ABC000A2',
    'install-application:ABC000A1',
    'install-application:ABC000A3',
    'retire-media',
  ];

  test('fetches, applies, hands over, installs with dependencies and cleans up; nothing carries a mark', () => {
    const { actions, target } = compile(undefined);
    expect(words(actions)).toEqual(DEFAULT);
    expect(actions.every(action => action.control === undefined)).toBe(true);
    expect(target).toBeUndefined();
  });

  test('restores user state before it installs, where the record says so', () => {
    const found = words(compile(undefined, { role: 'restore' }).actions);
    expect(found).toEqual(DEFAULT.toSpliced(DEFAULT.indexOf('hand-over') + 1, 0, 'restore-user-state'));
    expect(words(compile(undefined, { role: 'refresh' }).actions).slice(0, 3)).toEqual([
      'download-content',
      'capture-user-state',
      'apply-os-image',
    ]);
    expect(words(compile(undefined, { role: 'capture' }).actions)).toEqual(DEFAULT);
  });

  test('is what its steps are when they are written out', () => {
    const steps: SequenceStep[] = [
      { step: 'download-content' },
      APPLY,
      { step: 'apply-drivers' },
      BOOT,
      { step: 'install-packages' },
      { step: 'install-applications' },
    ];
    expect(compile(steps)).toEqual(compile(undefined));
  });
});

describe('steps in their phases', () => {
  test('stand in WinPE up to set-up-boot, and in the full OS after it', () => {
    const { actions } = compile([
      run('a'),
      APPLY,
      run('b'),
      BOOT,
      run('c'),
      { step: 'install-packages' },
      run('d'),
    ]);
    expect(words(actions)).toEqual([
      'download-content',
      'run-command',
      'apply-os-image',
      'run-command',
      ...END,
      'run-command',
      'install-package:ABC000B1',
      'install-package:ABC000B2',
      'run-command',
      'retire-media',
    ]);
    expect(actions.filter(({ name }) => name === 'run-command').map(({ control }) => control?.phase)).toEqual(
      ['winpe', 'winpe', 'full-os', 'full-os'],
    );
  });

  test('stay in WinPE as long as a step comes that can run nowhere else', () => {
    const { actions } = compile([APPLY, BOOT, run('a'), run('b', { runsIn: 'winpe' }), run('c')]);
    expect(words(actions)).toEqual([
      'download-content',
      'apply-os-image',
      'stage-agent',
      'write-unattend',
      'make-bootable',
      'run-command',
      'run-command',
      'protect-folders',
      'hand-over',
      'run-command',
      'retire-media',
    ]);
  });

  test('a restart into the full OS right behind WinPE is the hand-over’s own, a later one is not', () => {
    const toFull = { step: 'restart', to: 'full-os' } as const;
    const found = words(compile([APPLY, BOOT, toFull, run('a'), toFull]).actions);
    expect(found.slice(found.indexOf('hand-over'))).toEqual([
      'hand-over',
      'run-command',
      'restart',
      'retire-media',
    ]);
  });

  test('content is fetched where the sequence says, and first where it does not', () => {
    const fetch = { step: 'download-content', retry: { attempts: 3, delaySeconds: 5 } } as const;
    const { actions } = compile([run('a'), fetch, APPLY, BOOT]);
    expect(words(actions).slice(0, 3)).toEqual(['run-command', 'download-content', 'apply-os-image']);
    expect(actions[1]?.control).toEqual({ retry: { attempts: 3, delaySeconds: 5 } });
    expect(words(compile([{ ...fetch, disabled: true }, APPLY, BOOT]).actions)[0]).toBe('download-content');
  });

  test('an answer file that a step of its own wrote is not written again', () => {
    const own = words(compile([APPLY, { step: 'apply-unattend' }, run('a'), BOOT]).actions);
    expect(own).toEqual([
      'download-content',
      'apply-os-image',
      'write-unattend',
      'run-command',
      'stage-agent',
      'make-bootable',
      'protect-folders',
      'hand-over',
      'retire-media',
    ]);
    const off = words(compile([APPLY, { step: 'apply-unattend', disabled: true }, BOOT]).actions);
    expect(off.filter(name => name === 'write-unattend')).toHaveLength(1);
  });

  test.each([
    [undefined, undefined],
    ['media', undefined],
    [{ label: 'Windows' }, { label: 'Windows' }],
    ['partitioned', 'partitioned'],
  ] as const)('the target %j is the plan’s %j', (target, expected) => {
    const steps: SequenceStep[] = [
      { step: 'partition-disk', disk: { minGB: 100 } },
      { ...APPLY, ...(target === undefined ? {} : { target }) },
      BOOT,
    ];
    expect(compile(steps).target).toEqual(expected);
  });
});

describe('installs', () => {
  const explicit = (...steps: SequenceStep[]) => {
    const found = words(compile([APPLY, BOOT, ...steps]).actions);
    return found.slice(found.indexOf('hand-over') + 1, -1);
  };

  test('come after what they depend on, and a list leaves out what is installed for certain', () => {
    expect(explicit({ step: 'install-application', id: 'ABC000A3' }, { step: 'install-packages' })).toEqual([
      'install-package:ABC000B1',
      'install-application:ABC000A3',
      'install-package:ABC000B2',
    ]);
  });

  test('that may be skipped do not stand for those of a list', () => {
    expect(
      explicit(
        { step: 'install-package', id: 'ABC000B1', when: { file: 'C:\\x' } },
        { step: 'install-packages' },
      ),
    ).toEqual(['install-package:ABC000B1', 'install-package:ABC000B1', 'install-package:ABC000B2']);
  });

  test('named twice are made twice, each with a mark of its own', () => {
    const step = { step: 'install-package', id: 'ABC000B2' } as const;
    const { actions } = compile([APPLY, BOOT, step, { ...step, name: 'Again' }, step]);
    const marks = actions
      .filter(({ name }) => name === 'install-package')
      .map(({ control }) => control?.mark);
    expect(marks).toHaveLength(3);
    expect(marks[0]).toMatch(/^[0-9a-f]{8}$/);
    expect(marks[1]).toMatch(/^[0-9a-f]{8}$/);
    expect(marks[1]).not.toBe(marks[0]);
    expect(marks[2]).toBe(`${marks[0]}.2`);
  });
});

describe('groups', () => {
  test('give their steps a title, their conditions, their tolerance and their being disabled', () => {
    const steps: SequenceStep[] = [
      APPLY,
      BOOT,
      {
        group: 'Apps',
        when: { file: 'C:\\a' },
        continueOnError: true,
        steps: [
          {
            group: 'Inner',
            when: { file: 'C:\\b' },
            steps: [run('x', { name: 'Tool', when: { file: 'C:\\c' } })],
          },
          run('y'),
        ],
      },
      { group: 'Off', disabled: true, steps: [{ group: 'Deep', steps: [run('z')] }] },
    ];
    const controls = compile(steps)
      .actions.filter(({ name }) => name === 'run-command')
      .map(({ control }) => control);
    expect(controls).toEqual([
      {
        title: 'Apps / Inner / Tool',
        phase: 'full-os',
        when: [{ file: 'C:\\a' }, { file: 'C:\\b' }, { file: 'C:\\c' }],
        continueOnError: true,
        mark: expect.any(String),
      },
      {
        title: 'Apps / run-command',
        phase: 'full-os',
        when: [{ file: 'C:\\a' }],
        continueOnError: true,
        mark: expect.any(String),
      },
      {
        title: 'Off / Deep / run-command',
        phase: 'full-os',
        skip: 'group Off is disabled',
        mark: expect.any(String),
      },
    ]);
  });

  test('that may fail do not let the image or the capture before it fail', () => {
    const steps = [{ step: 'capture-user-state' }, APPLY, run('a'), BOOT];
    const { actions } = compile([{ group: 'All', continueOnError: true, steps }]);
    const tolerant = actions
      .filter(({ control }) => control?.continueOnError === true)
      .map(({ name }) => name);
    expect(tolerant).toEqual(['run-command']);
  });
});

describe('marks', () => {
  const marks = (steps: SequenceStep[]) =>
    compile([...steps, APPLY, BOOT])
      .actions.filter(({ name }) => name === 'run-command')
      .map(({ control }) => control?.mark);

  test('stay with a step that is moved, and tell equal ones apart', () => {
    const [a, b, again] = marks([run('a'), run('b'), run('a')]);
    expect(again).toBe(`${a}.2`);
    expect(b).not.toBe(a);
    expect(marks([run('b'), run('c'), run('a')])).toEqual([b, expect.any(String), a]);
  });

  test('do not depend on the order in which the keys were written', () => {
    const one = { step: 'run-command', command: 'a', startIn: 'C:\\' } as const;
    const other = { startIn: 'C:\\', command: 'a', step: 'run-command' } as const;
    expect(marks([one])).toEqual(marks([other]));
  });
});

describe('conditions while planning', () => {
  const skipOf = (steps: SequenceStep[], given: Given = {}) =>
    compile([APPLY, BOOT, ...steps], given).actions.findLast(({ name }) => name === 'run-command')?.control
      ?.skip;

  const RING = [{ level: 'site', values: { Ring: 'pilot' } }];

  test.each<[string, SequenceStep[], Given, string | undefined]>([
    ['hold', [run('x', { when: { variable: 'Ring', equals: 'PILOT' } })], { levels: RING }, undefined],
    [
      'do not hold',
      [run('x', { when: { variable: 'Ring', equals: 'broad' } })],
      { levels: RING },
      'Ring equals broad; found pilot',
    ],
    [
      'of the model do not hold',
      [run('x', { when: { machine: 'model', like: 'Desk*' } })],
      {},
      'model like Desk*; found Book 14',
    ],
    ['of a file are left to the machine', [run('x', { when: { file: 'C:\\x' } })], {}, undefined],
    [
      'of the registry are left to the machine',
      [run('x', { when: { registryKey: 'HKLM\\X' } })],
      {},
      undefined,
    ],
    [
      'of an address are left to the machine',
      [run('x', { when: { machine: 'ipAddress', like: '192.*' } })],
      {},
      undefined,
    ],
    [
      'of power are left to the machine',
      [run('x', { when: { machine: 'power', equals: 'battery' } })],
      {},
      undefined,
    ],
    [
      'of a variable that a step sets before are left to the machine',
      [
        { step: 'set-variable', variable: 'RING', value: 'broad' },
        run('x', { when: { variable: 'Ring', equals: 'broad' } }),
      ],
      { levels: RING },
      undefined,
    ],
    [
      'of a variable that a step sets before are not, where that step is skipped',
      [
        { step: 'set-variable', variable: 'Ring', value: 'broad', when: { machine: 'model', equals: 'x' } },
        run('x', { when: { variable: 'Ring', equals: 'broad' } }),
      ],
      { levels: RING },
      'Ring equals broad; found pilot',
    ],
    [
      'behind a command are left to the machine, for it may set any variable',
      [run('tells'), run('x', { when: { variable: 'Ring', equals: 'broad' } })],
      { levels: RING },
      undefined,
    ],
    [
      'behind a command are decided where nothing may set the variable',
      [run('tells'), run('x', { when: { variable: '_SMSTSMediaType', notEquals: 'OEMMedia' } })],
      { levels: [{ level: 'built-in', values: { _SMSTSMediaType: 'OEMMedia' } }] },
      '_SMSTSMediaType does not equal OEMMedia; found OEMMedia',
    ],
    [
      'of where it runs are left to the machine',
      [run('x', { when: { variable: '_SMSTSInWinPE', equals: 'true' } })],
      { levels: [{ level: 'built-in', values: { _SMSTSInWinPE: 'true' } }] },
      undefined,
    ],
    [
      'of a secret are left to the machine',
      [run('x', { when: { variable: 'Code', equals: '1' } })],
      { levels: [{ level: 'machine', values: { Code: '2' }, secret: ['code'] }] },
      undefined,
    ],
    [
      'of what the prestart command answered are left to the machine',
      [run('x', { when: { variable: 'Ring', equals: 'broad' } })],
      { levels: [...RING, { level: 'prestart', values: { Ring: 'pilot' } }] },
      undefined,
    ],
    [
      'of what the prestart command answered in secret are left to the machine',
      [run('x', { when: { variable: 'Ring', equals: 'broad' } })],
      { levels: RING, forgotten: ['ring'] },
      undefined,
    ],
    [
      'of a variable of a collection by network are left to the machine',
      [run('x', { when: { variable: 'Ring', equals: 'broad' } })],
      {
        levels: RING,
        collections: [{ name: 'Graz', rule: { subnets: ['10.0.0.0/8'] }, variables: { ring: 'broad' } }],
      },
      undefined,
    ],
    [
      'of a variable of a collection by model are decided',
      [run('x', { when: { variable: 'Ring', equals: 'broad' } })],
      {
        levels: RING,
        collections: [{ name: 'Books', rule: { models: ['x'] }, variables: { ring: 'broad' } }],
      },
      'Ring equals broad; found pilot',
    ],
    [
      'that ask whether a variable is set are decided',
      [run('x', { when: { variable: 'Nowhere' } })],
      {},
      'Nowhere is set; found nothing',
    ],
  ])('%s', (_, steps, given, skip) => {
    expect(skipOf(steps, given)).toBe(skip);
  });

  test('on a variable that nothing sets are refused, with the step', () => {
    const steps = [
      { group: 'Apps', steps: [run('x', { name: 'Tool', when: { variable: 'Rnig', equals: 'a' } })] },
    ];
    expect(() => compile([APPLY, BOOT, ...steps])).toThrow(
      expect.objectContaining({
        code: 'CONTENT-10',
        subject: 'Rnig',
        detail: expect.objectContaining({ step: 'Apps / Tool (run-command)' }),
      }),
    );
  });

  test('on a variable that nothing sets pass in a step that is disabled', () => {
    expect(skipOf([run('x', { disabled: true, when: { variable: 'Rnig', equals: 'a' } })])).toBe('disabled');
  });
});

describe('a sequence that cannot be carried out', () => {
  const NEWER: SequenceStep = { step: 'update-firmware', name: 'BIOS' };

  test.each<[string, SequenceStep[], string, string | RegExp]>([
    ['has no image', [BOOT], 'CONTENT-11', 'apply-os-image'],
    ['has its image disabled', [{ ...APPLY, disabled: true }, BOOT], 'CONTENT-11', 'apply-os-image'],
    [
      'has its image in a disabled group',
      [{ group: 'G', disabled: true, steps: [APPLY] }, BOOT],
      'CONTENT-11',
      'apply-os-image',
    ],
    ['sets up no boot', [APPLY], 'CONTENT-11', 'set-up-boot'],
    ['sets up boot before the image', [BOOT, APPLY], 'CONTENT-11', 'set-up-boot'],
    ['has two images', [APPLY, { ...APPLY, name: 'Second' }, BOOT], 'CONTENT-11', 'Second (apply-os-image)'],
    [
      'adds drivers before the image',
      [{ step: 'apply-drivers' }, APPLY, BOOT],
      'CONTENT-11',
      'apply-drivers',
    ],
    [
      'partitions after the image',
      [APPLY, { step: 'partition-disk', disk: {} }, BOOT],
      'CONTENT-11',
      'partition-disk',
    ],
    [
      'captures after the image',
      [APPLY, { step: 'capture-user-state' }, BOOT],
      'CONTENT-11',
      'capture-user-state',
    ],
    [
      'fetches after the image',
      [APPLY, { step: 'download-content' }, BOOT],
      'CONTENT-11',
      'download-content',
    ],
    ['writes answers after boot', [APPLY, BOOT, { step: 'apply-unattend' }], 'CONTENT-11', 'apply-unattend'],
    [
      'installs before the image',
      [{ step: 'install-packages' }, APPLY, BOOT],
      'CONTENT-11',
      'install-packages',
    ],
    [
      'runs a script before boot',
      [APPLY, { step: 'run-powershell', script: 'x' }, BOOT],
      'CONTENT-11',
      'run-powershell',
    ],
    ['restarts too early', [APPLY, { step: 'restart', to: 'full-os' }, BOOT], 'CONTENT-11', 'restart'],
    [
      'restarts into WinPE from the full OS',
      [APPLY, BOOT, { step: 'install-packages' }, { step: 'restart', to: 'winpe' }],
      'CONTENT-11',
      'install-packages',
    ],
    [
      'has a target that nothing partitions',
      [{ ...APPLY, target: 'partitioned' }, BOOT],
      'CONTENT-11',
      'apply-os-image',
    ],
    [
      'has a target whose partitioning is skipped',
      [
        { step: 'partition-disk', disk: {}, when: { machine: 'model', equals: 'x' } },
        { ...APPLY, target: 'partitioned' },
        BOOT,
      ],
      'CONTENT-11',
      'partition-disk',
    ],
    ['goes on without an image', [{ ...APPLY, continueOnError: true }, BOOT], 'CONTENT-11', 'apply-os-image'],
    [
      'has an image not for this machine',
      [{ ...APPLY, when: { machine: 'model', equals: 'x' } }, BOOT],
      'CONTENT-11',
      'apply-os-image',
    ],
    [
      'has an image that a file decides',
      [{ ...APPLY, when: { file: 'X:\\a' } }, BOOT],
      'CONTENT-11',
      'apply-os-image',
    ],
    ['has a step of a newer version', [NEWER, APPLY, BOOT], 'CONTENT-09', 'BIOS (update-firmware)'],
    [
      'has a step of a newer version in a group',
      [APPLY, BOOT, { group: 'G', steps: [{ step: 'x-new' }] }],
      'CONTENT-09',
      'G / x-new',
    ],
  ])('%s', (_, steps, code, subject) => {
    expect(() => compile(steps)).toThrow(expect.objectContaining({ code, subject }));
  });

  test('a step of a newer version passes while it is disabled', () => {
    expect(words(compile([{ ...NEWER, disabled: true }, APPLY, BOOT]).actions)).toContain('hand-over');
    expect(words(compile([{ group: 'G', disabled: true, steps: [NEWER] }, APPLY, BOOT]).actions)).toContain(
      'hand-over',
    );
  });

  test('every step that stands wrong is told', () => {
    expect(() => compile([{ step: 'apply-drivers' }, BOOT, APPLY])).toThrow(
      expect.objectContaining({
        detail: expect.objectContaining({
          steps: [
            'apply-drivers must stand after apply-os-image',
            'set-up-boot must stand after apply-os-image',
          ],
        }),
      }),
    );
  });
});
