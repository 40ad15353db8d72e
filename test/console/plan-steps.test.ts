import { expect, test } from 'vitest';
import { planStepLines } from '../../agent/console/plan-steps.ts';
import type { Action } from '../../agent/plan/plan.ts';

test('a plain plan is a list of actions and where they run', () => {
  const actions: Action[] = [
    { name: 'acquire-content', id: 'CON00001' },
    { name: 'hand-over' },
    { name: 'install-package', id: 'CON00002' },
  ];
  expect(planStepLines({ actions })).toEqual([
    'Step  In       Action',
    '----  -------  ------------------------',
    '   1  WinPE    acquire-content:CON00001',
    '   2  WinPE    hand-over',
    '   3  full OS  install-package:CON00002',
  ]);
});

test('names, commands, conditions and reasons stand beside the actions that have them', () => {
  const actions: Action[] = [
    {
      name: 'run-command',
      command: 'flash.exe /s\n%Args%',
      control: {
        title: 'Prepare / Firmware',
        phase: 'winpe',
        when: [
          { machine: 'model', like: 'Book*' },
          { any: [{ variable: 'A' }, { variable: 'B', equals: '1' }] },
        ],
        continueOnError: true,
        mark: '12345678',
      },
    },
    {
      name: 'set-variable',
      variable: 'Ring',
      value: 'x'.repeat(80),
      control: { phase: 'full-os', mark: '1' },
    },
    { name: 'restart', to: 'full-os', control: { phase: 'full-os', skip: 'disabled', mark: '2' } },
  ];
  expect(planStepLines({ actions }).slice(2)).toEqual([
    '   1  WinPE    run-command   Prepare / Firmware  flash.exe /s %Args%                                           if model like Book* and (A is set or B equals 1); goes on when it fails',
    `   2  full OS  set-variable                      Ring = ${'x'.repeat(50)}...`,
    '   3  full OS  restart                           to full-os                                                    skipped: disabled',
  ]);
});
