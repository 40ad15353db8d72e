import { expect, test } from 'vitest';
import { openRunProgress } from '../../agent/progress/run-progress.ts';

const bytes = ({ doneBytes, totalBytes }: { readonly doneBytes: number; readonly totalBytes: number }) => [
  doneBytes,
  totalBytes,
];

test('items are counted in the order of the plan, and what the plan did not know behind them', () => {
  const progress = openRunProgress(
    [
      ['A', 100],
      ['B', 50],
    ],
    { ticks: () => 0 },
  );
  expect(progress.begin('B', 50)(10).item).toEqual({ number: 2, of: 2 });
  expect(progress.begin('C', 5)(1).item).toEqual({ number: 3, of: 3 });
});

test('an estimate gives way to what an item really needs, and a second attempt goes on from the first', () => {
  const progress = openRunProgress(
    [
      ['A', 100],
      ['B', 50],
    ],
    { ticks: () => 0 },
  );
  const first = progress.begin('A', 80);
  expect([0, 30, 20, 300].map(done => bytes(first(done)))).toEqual([
    [0, 130],
    [30, 130],
    [30, 130],
    [80, 130],
  ]);
  const cut = progress.begin('B', 50);
  expect(bytes(cut(20))).toEqual([100, 130]);
  // What came before the fault is in place: 25 of the 30 that were left.
  const again = progress.begin('B', 25);
  expect([0, 25].map(done => bytes(again(done)))).toEqual([
    [100, 125],
    [125, 125],
  ]);
});
