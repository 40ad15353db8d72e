// The catalogue of faults is neither longer nor shorter than the program: each code is thrown somewhere and shown by a test.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { catalogue } from '../../agent/fault/catalogue.ts';
import { errorsPage } from '../../scripts/docs/errors.ts';
import { ROOT, sourcesBelow, withoutComments } from './sources.ts';

const codes = Object.keys(catalogue);
const agent = sourcesBelow('agent').filter(source => !source.path.startsWith('agent/fault/catalogue'));
const tests = sourcesBelow('test').filter(source => !source.path.startsWith('test/shape/'));

test('each code is thrown somewhere in the agent', () => {
  const code = agent.map(source => withoutComments(source.text)).join('\n');
  expect(codes.filter(each => !code.includes(`'${each}'`))).toEqual([]);
});

test('each code appears in a test', () => {
  const text = tests.map(source => source.text).join('\n');
  expect(codes.filter(each => !text.includes(each))).toEqual([]);
});

test('each code that the agent names is in the catalogue', () => {
  const named = agent.flatMap(source =>
    [...source.text.matchAll(/'([A-Z]+-\d\d)'/g)].map(match => `${match[1]} in ${source.path}`),
  );
  expect(named.filter(each => !codes.includes(each.split(' ')[0]!))).toEqual([]);
});

test('each entry has a title of a few words and whole sentences besides', () => {
  const wrong = Object.entries(catalogue).flatMap(([code, { title, meaning, safe, next }]) => [
    ...(title.length > 50 || title.endsWith('.') ? [`${code}: title`] : []),
    ...[meaning, safe, next].filter(text => !/^[A-Z`].*\.$/s.test(text)).map(text => `${code}: ${text}`),
  ]);
  expect(wrong).toEqual([]);
});

test('docs/errors.md is what the catalogue says: `npm run docs` writes it', () => {
  expect(readFileSync(path.join(ROOT, 'docs/errors.md'), 'utf8')).toBe(errorsPage());
});
