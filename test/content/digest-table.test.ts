import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { type DigestList, digestTable } from '../../agent/content/digest-table.ts';

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();
const listOf = (texts: readonly string[]): DigestList & { readonly texts: readonly string[] } => {
  const digests = Buffer.concat(texts.map(digestOf));
  return { texts, count: texts.length, digest: n => digests.subarray(n * 32, n * 32 + 32) };
};
const numbers = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from }, (_, n) => `${from + n}`);

test('every digest is found in every list that has it, and nothing else is', () => {
  const table = digestTable<ReturnType<typeof listOf>>();
  const lists = [
    listOf(numbers(0, 5000)),
    listOf([]),
    listOf(numbers(4000, 9000)),
    listOf(numbers(100, 101)),
  ];
  for (const list of lists) table.add(list);
  for (const text of ['0', '100', '3999', '4000', '4999', '5000', '8999']) {
    const found = [...table.find(digestOf(text))];
    expect(found.map(({ list, n }) => list.texts[n])).toEqual(found.map(() => text));
    expect(new Set(found.map(({ list }) => list))).toEqual(
      new Set(lists.filter(list => list.texts.includes(text))),
    );
  }
  expect([...table.find(digestOf('9000'))]).toEqual([]);
});

test('what was taken out is not found, what stays is, however the table grows afterwards', () => {
  const table = digestTable<DigestList>();
  const [old, staying] = [listOf(numbers(0, 2000)), listOf(numbers(1000, 3000))];
  table.add(old);
  table.add(staying);
  table.remove(old);
  table.remove(old);
  expect([...table.find(digestOf('500'))]).toEqual([]);
  expect([...table.find(digestOf('1500'))]).toEqual([{ list: staying, n: 500 }]);
  for (let round = 0; round < 20; round += 1) {
    const next = listOf(numbers(3000, 6000));
    table.add(next);
    expect([...table.find(digestOf('4000'))]).toEqual([{ list: next, n: 1000 }]);
    table.remove(next);
  }
  expect([...table.find(digestOf('500'))]).toEqual([]);
  expect([...table.find(digestOf('2999'))]).toEqual([{ list: staying, n: 1999 }]);
});

test('a hundred thousand times the same digest in one list has one place, and is taken in at once', () => {
  const zeros = digestOf('zeros');
  const list = { count: 100_000, digest: (n: number) => (n === 77_777 ? digestOf('other') : zeros) };
  const table = digestTable<DigestList>();
  const began = performance.now();
  table.add(list);
  expect(performance.now() - began).toBeLessThan(2000);
  expect([...table.find(zeros)]).toEqual([{ list, n: 0 }]);
  expect([...table.find(digestOf('other'))]).toEqual([{ list, n: 77_777 }]);
});
