import { describe, expect, it } from 'vitest';
import { checkManifestPath, checkManifestPaths, foldCase } from '../../agent/content/manifest-path.ts';

describe('a path in a manifest', () => {
  it.each([
    'setup.exe',
    'a/b/c.txt',
    'Übersetzung/日本語/😀.txt',
    '.hidden',
    '...x',
    'with space/in side.txt',
    'CONSOLE.txt',
    'COM10',
    'COM0.txt',
    'nulls',
    'x'.repeat(255),
    'a/aux-files/x',
    '~$draft.docx',
    "it's (1) [2] {3} #%&+,;=@^`.txt",
  ])('may be %s', path => {
    expect(checkManifestPath(path)).toBeUndefined();
  });

  it.each([
    ['', 'is empty'],
    ['/etc/passwd', 'is absolute'],
    ['//server/share/x', 'is absolute'],
    ['\\\\server\\share', 'has a backslash'],
    ['a\\b', 'has a backslash'],
    ['C:/Windows/x', 'names a drive'],
    ['c:x', 'names a drive'],
    ['../x', 'has the part ".."'],
    ['a/../../x', 'has the part ".."'],
    ['a/./b', 'has the part "."'],
    ['a//b', 'has an empty part'],
    ['a/', 'has an empty part'],
    ['file.txt:hidden', 'names a stream (colon)'],
    ['a/b::$DATA', 'names a stream (colon)'],
    ['a\u0000b', 'has a control character'],
    ['a\nb', 'has a control character'],
    ['a\u007f', 'has a control character'],
    ['what?', 'has the character ?'],
    ['a*', 'has the character *'],
    ['<a>', 'has the character <'],
    ['a|b', 'has the character |'],
    ['"a"', 'has the character "'],
    ['a.', 'has a part that ends with a dot or a space'],
    ['a /b', 'has a part that ends with a dot or a space'],
    ['a/b..', 'has a part that ends with a dot or a space'],
    [' ', 'has a part that ends with a dot or a space'],
    ['x'.repeat(256), 'has a part longer than 255 characters'],
    ['NUL', 'has the device name "NUL"'],
    ['a/con/b', 'has the device name "con"'],
    ['Aux.txt', 'has the device name "Aux"'],
    ['prn.tar.gz', 'has the device name "prn"'],
    ['nul .txt', 'has the device name "nul"'],
    ['com1', 'has the device name "com1"'],
    ['LPT9.log', 'has the device name "LPT9"'],
    ['COM¹', 'has the device name "COM¹"'],
    ['lpt³.x', 'has the device name "lpt³"'],
    ['CONIN$', 'has the device name "CONIN$"'],
    ['conout$.txt', 'has the device name "conout$"'],
    ['lone \ud800 surrogate', 'is not well-formed Unicode'],
  ])('may not be %j: it %s', (path, reason) => {
    expect(checkManifestPath(path)).toBe(reason);
  });
});

describe('the paths of one manifest', () => {
  it('are fine when Windows tells them apart', () => {
    expect(checkManifestPaths(['a', 'b/a', 'b/c', 'straße', 'strasse', 'é', 'e\u0301'])).toEqual([]);
  });

  it('are reported all at once', () => {
    expect(checkManifestPaths(['../x', 'ok', 'NUL'])).toEqual([
      { path: '../x', reason: 'has the part ".."' },
      { path: 'NUL', reason: 'has the device name "NUL"' },
    ]);
  });

  it.each([
    [['Setup.exe', 'setup.EXE'], 'setup.EXE', 'differs only by case from "Setup.exe"'],
    [['Dir/a', 'dIR/A'], 'dIR/A', 'differs only by case from "Dir/a"'],
    [['ÄRGER', 'ärger'], 'ärger', 'differs only by case from "ÄRGER"'],
    [['σ', 'Σ'], 'Σ', 'differs only by case from "σ"'],
    [['a', 'a'], 'a', 'is named twice'],
    [['a', 'a/b'], 'a', 'is also a folder of "a/b"'],
    [['x/y/z', 'x/Y'], 'x/Y', 'is also a folder of "x/y/z"'],
    [['Sub/a', 'Sub/b', 'sub/c'], 'sub/c', 'is in a folder that differs only by case from "Sub"'],
    [['a/Üb/x', 'a/üb/y', 'a/üb/z'], 'a/üb/y', 'is in a folder that differs only by case from "a/Üb"'],
    [[`${'d/'.repeat(512)}x`], `${'d/'.repeat(512)}x`, 'has 1025 characters, more than 1024'],
  ])('%j collide', (paths, path, reason) => {
    expect(checkManifestPaths(paths)).toEqual([{ path, reason }]);
  });

  it('fold by single units, so that ß and SS stay two names, as on NTFS', () => {
    expect(foldCase('straße')).toBe('STRAßE');
    expect(foldCase('ÿ')).toBe('Ÿ');
  });
});
