// The tree explains the program: one idea a file, named for it, opened by a sentence, with documented exports.
import path from 'node:path';
import { expect, test } from 'vitest';
import { type SourceFile, sourcesBelow } from './sources.ts';

const agent = sourcesBelow('agent');
const all = [...agent, ...sourcesBelow('test')];

test('no file of the agent is longer than 300 lines', () => {
  const long = agent.map(source => ({ path: source.path, lines: source.text.split('\n').length - 1 }));
  expect(long.filter(({ lines }) => lines > 300)).toEqual([]);
});

test('every file but the tests, whose titles are sentences, opens with one about what it promises', () => {
  const silent = all
    .filter(source => !source.path.endsWith('.test.ts'))
    .filter(source => !/^(#!.*\n)?(\/\/ \S|\/\*\*)/.test(source.text));
  expect(silent.map(source => source.path)).toEqual([]);
});

test('file names are lower case with dashes and name an idea', () => {
  const badly = all.filter(({ path: file }) => {
    const name = path.posix.basename(file, '.ts').replace(/\.(test|soak)$/, '');
    return (
      !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) ||
      /^(utils?|helpers?|common|misc|.*-manager|.*-helper)$/.test(name)
    );
  });
  expect(badly.map(source => source.path)).toEqual([]);
});

test('every exported function and class says what it does', () => {
  expect(agent.flatMap(undocumented)).toEqual([]);
});

/** The opening sentence speaks for the one export of a file; beyond that each export has a docstring of its own. */
function undocumented(source: SourceFile): string[] {
  const lines = source.text.split('\n');
  const names = lines.flatMap((line, index) => {
    const match = /^export (?:async )?(?:function\*?|class) (\w+)/.exec(line);
    if (match === null) return [];
    const before = lines[index - 1]?.trim() ?? '';
    return [{ name: match[1]!, documented: before.endsWith('*/') || before.startsWith('// ') }];
  });
  if (names.length === 1) return [];
  return names.filter(({ documented }) => !documented).map(({ name }) => `${source.path}: ${name}`);
}
