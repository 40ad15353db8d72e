// What must be right before a deployment changes anything: all that is wrong is told at once, and nothing else stops it.
import { describe, expect, test } from 'vitest';
import { Fault } from '../../agent/fault/fault.ts';
import type { Plan } from '../../agent/plan/plan.ts';
import { obstacles, type ReadinessInput } from '../../agent/plan/readiness.ts';

const GIB = 1024 ** 3;
const plan: Plan = {
  format: 'prestage-plan/1',
  mediaId: 'm',
  policy: { serial: 1, digest: '' },
  deployment: 'D',
  taskSequence: { id: 'T', name: 'T' },
  volume: 'V',
  items: [],
  actions: [
    { name: 'apply-image', id: 'I', file: 'install.wim', index: 1, digest: '', totalBytes: 20 * GIB },
    { name: 'make-bootable' },
  ],
};
const ready: ReadinessInput = {
  plan,
  facts: { power: 'mains', firmware: 'uefi' },
  target: { kind: 'media' },
  volume: { root: 'D:\\', sizeBytes: 100 * GIB, freeBytes: 60 * GIB },
  protectedBytes: 30 * GIB,
  applied: false,
  hasSystemVolume: true,
};
const codes = (differences: Partial<ReadinessInput>) =>
  obstacles({ ...ready, ...differences }).map(fault => fault.code);

test('a machine that is ready has no obstacle', () => {
  expect(codes({})).toEqual([]);
});

describe('an obstacle', () => {
  const battery = { power: 'battery', firmware: 'uefi' } as const;
  test.each<[string, Partial<ReadinessInput>, readonly string[]]>([
    ['battery', { facts: battery }, ['MACHINE-01']],
    ['battery is none where it is allowed', { facts: battery, allowBattery: 'True' }, []],
    [
      'battery is one where it is not allowed in that word',
      { facts: battery, allowBattery: 'yes' },
      ['MACHINE-01'],
    ],
    ['battery is none once the image is applied', { facts: battery, applied: true }, []],
    ['unknown power is none', { facts: { power: 'unknown', firmware: 'uefi' } }, []],
    ['no room beside the cache', { protectedBytes: 81 * GIB }, ['DISK-01']],
    [
      'another volume that is too small',
      { target: { kind: 'volume', root: 'W:\\', sizeBytes: 20 * GIB } },
      ['MACHINE-06'],
    ],
    [
      'another volume does not care about the cache',
      { protectedBytes: 99 * GIB, target: { kind: 'volume', root: 'W:\\', sizeBytes: 21 * GIB } },
      [],
    ],
    [
      'no volume',
      { target: { kind: 'none', fault: new Fault('MACHINE-05', 'volume Windows') } },
      ['MACHINE-05'],
    ],
    [
      'BIOS where a disk is partitioned',
      { facts: { power: 'mains', firmware: 'bios' }, target: { kind: 'disk', number: 1 } },
      ['MACHINE-02'],
    ],
    ['no system partition', { hasSystemVolume: false }, ['IMAGE-06']],
    [
      'and all others at once, power last',
      { facts: battery, hasSystemVolume: false, protectedBytes: 99 * GIB },
      ['IMAGE-06', 'DISK-01', 'MACHINE-01'],
    ],
  ])('%s', (_title, differences, expected) => {
    expect(codes(differences)).toEqual(expected);
  });
});
