import { expect, test } from 'vitest';
import {
  BUILT_IN_VARIABLES,
  builtInValues,
  isReadOnly,
  settable,
} from '../../agent/policy/built-in-variables.ts';
import { TOLD_MAX_BYTES, toldVariables } from '../../agent/policy/told-variables.ts';
import { LAPTOP } from '../support/signed-documents.ts';

const utf16 = (text: string, mark: number[]): Buffer => {
  const bytes = Buffer.from(text, 'utf16le');
  return Buffer.concat([Buffer.from(mark), mark[0] === 0xfe ? bytes.swap16() : bytes]);
};

test.each<[string, Uint8Array, Record<string, string>]>([
  ['nothing', new Uint8Array(), {}],
  ['one a line, with either end', Buffer.from('A=1\r\nB=2\nC=3'), { A: '1', B: '2', C: '3' }],
  ['what cmd.exe writes, with a blank behind', Buffer.from('NAME=value \r\n\r\n'), { NAME: 'value' }],
  ['equals signs in the value', Buffer.from('Switch=/x=1 /y=2'), { Switch: '/x=1 /y=2' }],
  ['an empty value', Buffer.from('Gone='), { Gone: '' }],
  ['the last of a name told twice, whatever its case', Buffer.from('a=1\nA=2\n'), { A: '2' }],
  ['UTF-8', Buffer.from('Ort=Gräz\n'), { Ort: 'Gräz' }],
  ['UTF-8 with a mark', Buffer.from('\uFEFFOrt=Gräz\n'), { Ort: 'Gräz' }],
  ['UTF-16 as PowerShell writes it', utf16('Ort=Gräz\r\n', [0xff, 0xfe]), { Ort: 'Gräz' }],
  ['UTF-16 the other way round', utf16('Ort=Gräz\r\n', [0xfe, 0xff]), { Ort: 'Gräz' }],
])('a command may tell %s', (_, bytes, variables) => {
  expect(toldVariables(bytes, 'step')).toEqual(variables);
});

test.each<[string, Uint8Array, object]>([
  ['a line without a value', Buffer.from('A=1\nnonsense\n'), { line: 2 }],
  ['a name with a blank', Buffer.from('A B=1'), { line: 1 }],
  ['a name that begins with a digit', Buffer.from('1A=1'), { line: 1 }],
  ['a NUL', Buffer.from('A=1\0'), { line: 1 }],
  ['a value without an end', Buffer.from(`A=${'x'.repeat(8193)}`), { line: 1 }],
  ['another code page', Buffer.from('A=Gr\x84z', 'latin1'), {}],
  ['more than there may be', Buffer.alloc(TOLD_MAX_BYTES + 1, 'A=1\n'), {}],
])('%s is PKG-05, and nothing is taken', (_, bytes, detail) => {
  expect(() => toldVariables(bytes, 'step')).toThrow(
    expect.objectContaining({ code: 'PKG-05', subject: 'step', detail: expect.objectContaining(detail) }),
  );
});

test('built-in variables and all names with an underscore are read-only, whatever their case', () => {
  expect(['_SMSTSInWinPE', '_smstsinwinpe', '_Own', 'osdtargetsystemdrive'].every(isReadOnly)).toBe(true);
  expect(['OSDComputerName', 'SMSTSDownloadRetryCount', 'My_Own'].some(isReadOnly)).toBe(false);
  expect(settable({ A: '1', _B: '2' })).toEqual({ values: { A: '1' }, refused: ['_B'] });
});

test('every built-in variable has a value on any machine, and no other is made', () => {
  const bare = {
    macAddresses: [],
    ipAddresses: [],
    memoryBytes: 1,
    firmware: 'unknown',
    architecture: 'x64',
    system: 'winpe',
    power: 'unknown',
  } as const;
  const layout = { root: 'D:\\_SMSTaskSequence', packages: 'p', logs: 'l' };
  const given = { inWinPE: true, site: 'CON', layout, stateStore: 's' };
  for (const facts of [bare, LAPTOP]) {
    const values = builtInValues({ ...given, facts });
    expect(Object.keys(values).sort()).toEqual(BUILT_IN_VARIABLES.map(({ name }) => name).sort());
  }
  expect(builtInValues({ ...given, facts: LAPTOP })).toMatchObject({
    _SMSTSMediaType: 'OEMMedia',
    _SMSTSLaunchMode: 'HD',
    _SMSTSInWinPE: 'true',
    _SMSTSMake: 'Contoso Ltd.',
    _SMSTSBootUEFI: 'true',
    _SMSTSMDataPath: 'D:\\_SMSTaskSequence',
    _SMSTSLastActionRetCode: '0',
  });
});
