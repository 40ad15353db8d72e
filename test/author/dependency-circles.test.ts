import { expect, test } from 'vitest';
import { dependencyCircles } from '../../agent/author/dependency-circles.ts';

const circles = (dependencies: Readonly<Record<string, string | undefined>>): readonly string[] =>
  dependencyCircles(new Map(Object.entries(dependencies).map(([id, needs]) => [id, [...(needs ?? '')]]))).map(
    circle => circle.join(''),
  );

test.each([
  { title: 'an item that needs itself', of: { A: 'A' }, told: ['AA'] },
  { title: 'two that need each other', of: { A: 'B', B: 'A' }, told: ['ABA'] },
  { title: 'four in a row', of: { C: 'D', A: 'B', B: 'C', D: 'A' }, told: ['ABCDA'] },
  { title: 'two circles apart', of: { A: 'B', B: 'A', X: 'Y', Y: 'X' }, told: ['ABA', 'XYX'] },
  { title: 'two circles through one item', of: { A: 'BC', B: 'A', C: 'A' }, told: ['ABA', 'ACA'] },
  {
    title: 'two circles with a part in common',
    of: { A: 'C', B: 'C', C: 'AD', D: 'B' },
    told: ['ACA', 'BCDB'],
  },
  { title: 'a way into a circle, which is none itself', of: { A: 'B', B: 'C', C: 'B' }, told: ['BCB'] },
  { title: 'the same dependency twice', of: { A: 'BB', B: 'A' }, told: ['ABA'] },
  { title: 'nothing: diamonds, and what nobody knows', of: { A: 'BC', B: 'D', C: 'DZ', D: '' }, told: [] },
])('$title', ({ of, told }) => {
  expect(circles(of)).toEqual(told);
});

test('fifty thousand items in one row are no circle, until the last needs the first', () => {
  const name = (at: number): string => String(at).padStart(6, '0');
  const row = new Map(Array.from({ length: 50_000 }, (_, at) => [name(at), [name(at + 1)]]));
  expect(dependencyCircles(row)).toEqual([]);
  row.set(name(50_000), [name(0)]);
  expect(dependencyCircles(row).map(({ length }) => length)).toEqual([50_002]);
});
