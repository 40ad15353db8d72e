import { expect, test } from 'vitest';
import type { ContentReference, ContentType } from '../../agent/content/manifest.ts';
import { compileSteps } from '../../agent/plan/compile-steps.ts';
import { installOrder } from '../../agent/plan/install-order.ts';
import { makePlan, type PlanInput } from '../../agent/plan/make-plan.ts';
import { actionKey, type Outcome, type PlannedItem, phaseOf, planBytes } from '../../agent/plan/plan.ts';
import { requireSteps } from '../../agent/plan/require-steps.ts';
import { requireSpace } from '../../agent/plan/space.ts';
import { resolveVariables } from '../../agent/policy/variables.ts';

const MB = 1024 * 1024;

function item(
  id: string,
  type: ContentType,
  outcome: Outcome,
  bytes: Partial<PlannedItem> = {},
): PlannedItem {
  const reference: ContentReference = {
    id,
    version: '1',
    type,
    name: id,
    digest: id.padEnd(64, '0').toLowerCase(),
    manifestBytes: 10,
    totalBytes: 100 * MB,
  };
  return {
    reference,
    outcome,
    presentBytes: outcome === 'present' ? 100 * MB : 0,
    reusableBytes: 0,
    fetchBytes: outcome === 'present' ? 0 : 100 * MB,
    ...bytes,
  };
}

function input(items: readonly PlannedItem[]): PlanInput {
  const sequence = { id: 'ABC00100', packages: ['ABC00003'], applications: ['ABC00004'] };
  return {
    mediaId: 'm',
    volume: 'v',
    policy: { serial: 3, digest: 'd' },
    deployment: 'ABC20001',
    taskSequence: {
      id: 'ABC00100',
      name: 'Windows',
      osImage: { id: 'ABC00001', index: 1 },
      compiled: compileSteps({
        sequence,
        steps: requireSteps({ id: sequence.id }, undefined),
        driverPackages: ['ABC00002'],
        about: id => ({ kind: id === 'ABC00003' ? 'package' : 'application', dependencies: [] }),
        known: {
          facts: {
            macAddresses: [],
            ipAddresses: [],
            memoryBytes: 0,
            firmware: 'uefi',
            architecture: 'x64',
            system: 'winpe',
            power: 'mains',
          },
          variables: resolveVariables([]),
          collections: [],
        },
      }),
    },
    items,
    image: { file: 'install.wim', totalBytes: 400 * MB },
  };
}

const all = (outcome: Outcome) => [
  item('ABC00001', 'os-image', outcome),
  item('ABC00002', 'driver-package', outcome),
  item('ABC00003', 'package', outcome),
  item('ABC00004', 'application', outcome),
];

test('with everything present nothing is acquired, and the actions run from apply to retire', () => {
  const plan = makePlan(input(all('present')));
  expect(plan.actions.map(actionKey)).toEqual([
    'apply-image:ABC00001',
    'add-drivers:ABC00002',
    'stage-agent',
    'write-unattend',
    'make-bootable',
    'protect-folders',
    'hand-over',
    'install-package:ABC00003',
    'install-application:ABC00004',
    'retire-media',
  ]);
});

test('everything is acquired before the wipe, and a mended image is verified once more', () => {
  const plan = makePlan(input(all('damaged')));
  expect(plan.actions.map(actionKey).slice(0, 6)).toEqual([
    'acquire-content:ABC00001',
    'acquire-content:ABC00002',
    'acquire-content:ABC00003',
    'acquire-content:ABC00004',
    'verify-image:ABC00001',
    'apply-image:ABC00001',
  ]);
});

test('arming is the last thing in WinPE and cleaning up the last of all', () => {
  const { actions } = makePlan(input(all('missing')));
  const winpe = actions.filter(action => phaseOf(action) === 'winpe');
  expect(winpe.at(-1)?.name).toBe('hand-over');
  expect(actions.at(-1)?.name).toBe('retire-media');
});

test('the plan is data: it survives JSON unchanged', () => {
  const plan = makePlan(input(all('changed')));
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  expect(planBytes(plan)).toEqual({ total: 400 * MB, present: 0, reusable: 0, fetch: 400 * MB });
});

test.each([
  ['fits', { sizeBytes: 2000 * MB, freeBytes: 1500 * MB }, 400 * MB, undefined],
  ['has no room to fetch', { sizeBytes: 2000 * MB, freeBytes: 300 * MB }, 400 * MB, 'content still to fetch'],
  [
    'has no room for the image',
    { sizeBytes: 1000 * MB, freeBytes: 500 * MB },
    400 * MB,
    'the OS image beside the cache',
  ],
])('a volume that %s is judged before anything is changed', (_, sizes, protectedBytes, purpose) => {
  const plan = makePlan(input(all('missing')));
  const judge = () =>
    requireSpace({ plan, volume: { root: 'D:\\', ...sizes }, protectedBytes, applied: false });
  if (purpose === undefined) expect(judge).not.toThrow();
  else
    expect(judge).toThrow(
      expect.objectContaining({ code: 'DISK-01', detail: expect.objectContaining({ purpose }) }),
    );
});

test('what the image needs beside the cache is told whole: a volume of that size will do, one byte less will not', () => {
  const plan = makePlan(input([...all('missing').slice(0, 3), item('ABC00004', 'application', 'present')]));
  const judge = (sizeBytes: number) => () =>
    requireSpace({
      plan,
      volume: { root: 'D:\\', sizeBytes, freeBytes: 338 * MB },
      protectedBytes: 350 * MB,
      applied: false,
    });
  // 300 fetched, 350 in the cache, an image of 400, and a seventh of that.
  expect(judge(1162 * MB)).toThrow(
    expect.objectContaining({
      code: 'DISK-01',
      subject: 'D:\\',
      detail: {
        purpose: 'the OS image beside the cache',
        neededBytes: 1200 * MB,
        imageBytes: 400 * MB,
        cacheBytes: 350 * MB,
        stagingBytes: 300 * MB,
        reserveBytes: 150 * MB,
        sizeBytes: 1162 * MB,
        missingBytes: 38 * MB,
      },
    }),
  );
  expect(judge(1200 * MB - 1)).toThrow(
    expect.objectContaining({ detail: expect.objectContaining({ missingBytes: 1 }) }),
  );
  expect(judge(1200 * MB)).not.toThrow();
});

test('what is still to fetch is told with what is free and what is missing', () => {
  const plan = makePlan(input(all('missing')));
  const volume = { root: 'D:\\', sizeBytes: 2000 * MB, freeBytes: 300 * MB };
  expect(() => requireSpace({ plan, volume, protectedBytes: 400 * MB, applied: false })).toThrow(
    expect.objectContaining({
      detail: {
        purpose: 'content still to fetch',
        neededBytes: 400 * MB,
        freeBytes: 300 * MB,
        missingBytes: 100 * MB,
      },
    }),
  );
});

test('a dependency is installed before what needs it, once, and a circle ends', () => {
  const items: Record<string, { kind: 'package' | 'application'; dependencies: string[] }> = {
    P1: { kind: 'package', dependencies: [] },
    A1: { kind: 'application', dependencies: ['A2', 'P1'] },
    A2: { kind: 'application', dependencies: ['P2'] },
    P2: { kind: 'package', dependencies: ['A2'] },
  };
  const about = (id: string) => items[id] ?? { kind: 'package', dependencies: [] };
  expect(
    installOrder({ packages: ['P1'], applications: ['A1', 'A2'], about }).map(
      ({ id, kind }) => `${kind} ${id}`,
    ),
  ).toEqual(['package P1', 'package P2', 'application A2', 'application A1']);
});
