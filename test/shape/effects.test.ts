// Where effects may be asked for: the platform in one place, the end of the process in another, the FFI library in a third.
import { expect, test } from 'vitest';
import { sourcesBelow, withoutComments } from './sources.ts';

const sources = sourcesBelow('agent').map(source => ({ ...source, code: withoutComments(source.text) }));

const usersOf = (pattern: RegExp): string[] =>
  sources.filter(source => pattern.test(source.code)).map(source => source.path);

test('the platform is asked for only where the program is put together and where the add-on is loaded', () => {
  const allowed = ['agent/compose.ts', 'agent/native/addon.ts'];
  expect(
    usersOf(/process\.(platform|arch)\b|os\.(platform|type|arch)\(/).filter(file => !allowed.includes(file)),
  ).toEqual([]);
});

test('only main.ts ends the process', () => {
  expect(usersOf(/process\.(exit|exitCode|abort|kill)\b/).filter(file => file !== 'agent/main.ts')).toEqual(
    [],
  );
});

test('only library.ts and the add-on glue know the FFI library', () => {
  const allowed = ['agent/native/library.ts', 'agent/native/addon.ts'];
  expect(usersOf(/'ffi-rs'/).filter(file => !allowed.includes(file))).toEqual([]);
});

test('no module but main.ts, which runs once, keeps state of its own', () => {
  expect(usersOf(/^(export )?(let|var) /m).filter(file => file !== 'agent/main.ts')).toEqual([]);
});

test('time and chance come as parameters: outside of the effects handed in, nobody asks for them', () => {
  const allowed = ['agent/compose.ts', 'agent/progress/clock.ts'];
  const askers = usersOf(/Date\.now\(|new Date\(\)|Math\.random\(|performance\.now\(/);
  expect(askers.filter(file => !allowed.includes(file))).toEqual([]);
});
