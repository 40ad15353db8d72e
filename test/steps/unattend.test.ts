// The answer file: which variable gives which answer, in which pass, and which values are refused before anything is armed.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { asFault } from '../../agent/fault/fault.ts';
import type { MachineRecord } from '../../agent/policy/machine-record.ts';
import { resolveVariables } from '../../agent/policy/variables.ts';
import { ANSWER_VARIABLES, readAnswers, SECRET_ANSWERS } from '../../agent/steps/unattend-answers.ts';
import { unattendText } from '../../agent/steps/unattend-xml.ts';
import { ROOT } from '../shape/sources.ts';
import { readAnswerFile } from '../support/answer-file.ts';

const SHELL = 'Microsoft-Windows-Shell-Setup';
const JOIN = 'Microsoft-Windows-UnattendedJoin';
const LANGUAGE = 'Microsoft-Windows-International-Core';

function fileOf(values: Readonly<Record<string, string>>, record?: MachineRecord) {
  const variables = resolveVariables([{ level: 'machine', values }]);
  return readAnswerFile(Buffer.from(unattendText(readAnswers({ variables, record }), [])));
}

function refusalOf(values: Readonly<Record<string, string>>, record?: MachineRecord) {
  try {
    fileOf(values, record);
  } catch (thrown) {
    return asFault(thrown);
  }
  throw new Error('it was taken');
}

const DOMAIN = {
  OSDDomainName: 'contoso.example',
  OSDJoinAccount: 'CONTOSO\\join',
  OSDJoinPassword: 'P@ss<&>"word\'',
};

function recordWith(domainJoinBlob: string): MachineRecord {
  return { format: 'prestage-machine/1', variables: {}, secret: [], collections: [], domainJoinBlob };
}

describe('each variable gives its answer', () => {
  test.each([
    ['OSDComputerName', 'PC-0042', 'specialize', SHELL, 'ComputerName', 'PC-0042'],
    ['OSDComputerName', '*', 'specialize', SHELL, 'ComputerName', '*'],
    ['OSDComputerName', 'A23456789012345', 'specialize', SHELL, 'ComputerName', 'A23456789012345'],
    ['OSDComputerName', 'old_name', 'specialize', SHELL, 'ComputerName', 'old_name'],
    ['OSDTimeZone', 'W. Europe Standard Time', 'specialize', SHELL, 'TimeZone', 'W. Europe Standard Time'],
    ['OSDTimeZone', 'UTC+12', 'specialize', SHELL, 'TimeZone', 'UTC+12'],
    [
      'OSDProductKey',
      'abcde-12345-fghij-67890-klmno',
      'specialize',
      SHELL,
      'ProductKey',
      'ABCDE-12345-FGHIJ-67890-KLMNO',
    ],
    ['OSDRegisteredUserName', 'Zoë <IT> & Co', 'specialize', SHELL, 'RegisteredOwner', 'Zoë <IT> & Co'],
    [
      'OSDRegisteredOrgName',
      '"Contoso" 日本',
      'specialize',
      SHELL,
      'RegisteredOrganization',
      '"Contoso" 日本',
    ],
    [
      'OSDWindowsSettingsInputLocale',
      '0407:00000407;de-AT',
      'oobeSystem',
      LANGUAGE,
      'InputLocale',
      '0407:00000407;de-AT',
    ],
    [
      'OSDInputLocale',
      '0411:{03B5835F-F03C-411B-9CE2-AA23E1171E36}{A76C93D9-5523-4E90-AAFA-4DB112F9AC76}',
      'oobeSystem',
      LANGUAGE,
      'InputLocale',
      '0411:{03B5835F-F03C-411B-9CE2-AA23E1171E36}{A76C93D9-5523-4E90-AAFA-4DB112F9AC76}',
    ],
    ['OSDWindowsSettingsSystemLocale', 'de-AT', 'oobeSystem', LANGUAGE, 'SystemLocale', 'de-AT'],
    ['OSDSystemLocale', 'sr-Latn-RS', 'oobeSystem', LANGUAGE, 'SystemLocale', 'sr-Latn-RS'],
    ['OSDWindowsSettingsUILanguage', 'de-DE', 'oobeSystem', LANGUAGE, 'UILanguage', 'de-DE'],
    ['OSDUILanguage', 'ca-ES-valencia', 'oobeSystem', LANGUAGE, 'UILanguage', 'ca-ES-valencia'],
    ['OSDWindowsSettingsUILanguageFallback', 'en-US', 'oobeSystem', LANGUAGE, 'UILanguageFallback', 'en-US'],
    ['OSDWindowsSettingsUserLocale', 'de-CH', 'oobeSystem', LANGUAGE, 'UserLocale', 'de-CH'],
    ['OSDUserLocale', '0c07', 'oobeSystem', LANGUAGE, 'UserLocale', '0c07'],
    ['OSDWorkgroupName', 'DEPOT 7', 'specialize', JOIN, 'Identification/JoinWorkgroup', 'DEPOT 7'],
    ['OSDJoinWorkgroupName', 'DEPOT', 'specialize', JOIN, 'Identification/JoinWorkgroup', 'DEPOT'],
  ])('%s %s: %s %s %s', (variable, value, pass, component, setting, expected) => {
    const file = fileOf({ [variable]: value });
    expect(file.value(pass, component, setting)).toBe(expected);
    const others = file.settings.filter(each => !each.includes(' OOBE/'));
    expect(others).toEqual([`${pass} ${component} ${setting}`]);
  });

  test('nothing is written that is not set, and an empty value is none', () => {
    const { settings } = fileOf({ OSDComputerName: '', OSDTimeZone: '', OSDDomainName: '' });
    expect(settings.filter(each => !each.includes(' OOBE/'))).toEqual([]);
  });

  test('Configuration Manager’s own name counts before the other one', () => {
    const both = { OSDUserLocale: 'fr-FR', OSDWindowsSettingsUserLocale: 'de-AT' };
    expect(fileOf(both).value('oobeSystem', LANGUAGE, 'UserLocale')).toBe('de-AT');
  });

  test('%NAME% in a value is replaced, without regard to case', () => {
    const file = fileOf({ OSDComputerName: 'PC-%serial%', SERIAL: '5CG1234' });
    expect(file.value('specialize', SHELL, 'ComputerName')).toBe('PC-5CG1234');
  });
});

describe('joining', () => {
  test('a domain needs account and password; the password stands there as it is', () => {
    const file = fileOf({ ...DOMAIN, OSDDomainOUName: 'LDAP://OU=Book, OU=Graz,DC=contoso,DC=example' });
    const of = (setting: string) => file.value('specialize', JOIN, `Identification/${setting}`);
    expect({
      domain: of('JoinDomain'),
      ou: of('MachineObjectOU'),
      account: [of('Credentials/Domain'), of('Credentials/Username'), of('Credentials/Password')],
    }).toEqual({
      domain: 'contoso.example',
      ou: 'OU=Book, OU=Graz,DC=contoso,DC=example',
      account: ['CONTOSO', 'join', 'P@ss<&>"word\''],
    });
  });

  test.each([
    ['CONTOSO\\join', 'CONTOSO', 'join'],
    ['join@contoso.example', 'contoso.example', 'join'],
    ['join', 'contoso.example', 'join'],
  ])('account %s is %s and %s', (account, domain, name) => {
    const file = fileOf({ ...DOMAIN, OSDJoinAccount: account });
    expect(file.value('specialize', JOIN, 'Identification/Credentials/Domain')).toBe(domain);
    expect(file.value('specialize', JOIN, 'Identification/Credentials/Username')).toBe(name);
  });

  test.each([
    [{ OSDNetworkJoinType: '1', ...DOMAIN, OSDWorkgroupName: 'LAB' }, 'JoinWorkgroup', 'LAB'],
    [{ OSDJoinType: 'workgroup', ...DOMAIN, OSDWorkgroupName: 'LAB' }, 'JoinWorkgroup', 'LAB'],
    [{ OSDNetworkJoinType: '0', ...DOMAIN, OSDWorkgroupName: 'LAB' }, 'JoinDomain', 'contoso.example'],
    [{ ...DOMAIN, OSDWorkgroupName: 'LAB' }, 'JoinDomain', 'contoso.example'],
  ])('%j is %s %s', (values, setting, expected) => {
    const file = fileOf(values);
    expect(file.value('specialize', JOIN, `Identification/${setting}`)).toBe(expected);
    expect(file.settings.filter(each => /Identification\/Join/.test(each))).toHaveLength(1);
  });

  test('a workgroup type without a name leaves the name to Windows', () => {
    expect(fileOf({ OSDNetworkJoinType: '1' }).settings.filter(each => each.includes(JOIN))).toEqual([]);
  });

  const blob = Buffer.from('what djoin made, 40 bytes long or longer').toString('base64');
  test.each([
    ['as djoin writes it', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(`${blob}\0`, 'utf16le')])],
    ['without its mark', Buffer.from(`${blob}\r\n`, 'utf16le')],
    ['in plain text', Buffer.from(`${blob}\r\n`)],
  ])(
    'a blob %s becomes AccountData, before any other join but a workgroup that is asked for',
    (_how, bytes) => {
      const record = recordWith(bytes.toString('base64'));
      const file = fileOf({ ...DOMAIN }, record);
      expect(file.settings.filter(each => each.includes(JOIN))).toEqual([
        `specialize ${JOIN} Identification/Provisioning/AccountData`,
      ]);
      expect(file.value('specialize', JOIN, 'Identification/Provisioning/AccountData')).toBe(blob);
      const asked = fileOf({ OSDNetworkJoinType: '1', OSDWorkgroupName: 'LAB' }, record);
      expect(asked.value('specialize', JOIN, 'Identification/JoinWorkgroup')).toBe('LAB');
    },
  );
});

describe('accounts and the first start', () => {
  const PASSWORD = 'oobeSystem Microsoft-Windows-Shell-Setup UserAccounts/AdministratorPassword';

  test('the local administrator’s password is hidden as Windows hides it', () => {
    // Microsoft's own example for AdministratorPassword: the password is "pw".
    const file = fileOf({ OSDLocalAdminPassword: 'pw' });
    expect(file.value('oobeSystem', SHELL, 'UserAccounts/AdministratorPassword/Value')).toBe(
      'cAB3AEEAZABtAGkAbgBpAHMAdAByAGEAdABvAHIAUABhAHMAcwB3AG8AcgBkAA==',
    );
    expect(file.value('oobeSystem', SHELL, 'UserAccounts/AdministratorPassword/PlainText')).toBe('false');
  });

  test('OSDRandomAdminPassword leaves the account as the image has it: disabled', () => {
    const file = fileOf({ OSDLocalAdminPassword: 'pw', OSDRandomAdminPassword: 'True' });
    expect(file.settings.filter(each => each.startsWith(PASSWORD))).toEqual([]);
  });

  const asks = (values: Readonly<Record<string, string>>) =>
    fileOf(values).value('oobeSystem', SHELL, 'OOBE/SkipMachineOOBE') !== 'true';

  test.each([
    [{ OSDLocalAdminPassword: 'pw' }, false],
    [DOMAIN, false],
    [{}, true],
    [{ OSDWorkgroupName: 'LAB' }, true],
    [{ OSDLocalAdminPassword: 'pw', OSDRandomAdminPassword: 'true' }, true],
  ])('with %j somebody is asked for an account: %s', (values, expected) => {
    expect(asks(values)).toBe(expected);
  });

  test('the licence is never asked for', () => {
    for (const values of [{}, DOMAIN])
      expect(fileOf(values).value('oobeSystem', SHELL, 'OOBE/HideEULAPage')).toBe('true');
  });
});

describe('refused is', () => {
  test.each([
    ['OSDComputerName', 'SIXTEEN-LETTERS-'],
    ['OSDComputerName', 'A234567890123456'],
    ['OSDComputerName', '12345'],
    ['OSDComputerName', '-PC'],
    ['OSDComputerName', 'PC-'],
    ['OSDComputerName', 'PC 1'],
    ['OSDComputerName', 'PC.1'],
    ['OSDComputerName', 'BÜRO'],
    ['OSDComputerName', 'PC-%UNKNOWN%'],
    ['OSDComputerName', 'PC<1>'],
    ['OSDTimeZone', 'Europe/Vienna'],
    ['OSDWindowsSettingsUserLocale', 'German'],
    ['OSDUILanguage', 'de_DE'],
    ['OSDInputLocale', '0407:407'],
    ['OSDRegisteredUserName', 'two\nlines'],
    ['OSDRegisteredOrgName', 'bell\u0007'],
    ['OSDWorkgroupName', 'SIXTEEN LETTERS!'],
    ['OSDWorkgroupName', 'A/B'],
    ['OSDWorkgroupName', 'A\u0001B'],
    ['OSDJoinAccount', 'jo\nin'],
    ['OSDDomainOUName', 'OU=Bo\u0000ok,DC=contoso'],
    ['OSDNetworkJoinType', '2'],
    ['OSDDomainName', 'contoso example'],
    ['OSDDomainOUName', 'Book'],
    ['OSDRandomAdminPassword', 'perhaps'],
  ])('%s %j, by its name and value', (variable, value) => {
    expect(refusalOf({ ...DOMAIN, [variable]: value })).toMatchObject({
      code: 'CONTENT-12',
      subject: variable,
      detail: { found: value, expected: expect.any(String) },
    });
  });

  test.each([
    ['OSDProductKey', 'NOT-A-KEY-123'],
    ['OSDLocalAdminPassword', `x${'y'.repeat(127)}`],
    ['OSDLocalAdminPassword', 'bell\u0007'],
    ['OSDJoinPassword', 'line\nfeed'],
  ])('%s without showing what it is', (variable, value) => {
    const fault = refusalOf({ ...DOMAIN, [variable]: value });
    expect(fault).toMatchObject({ code: 'CONTENT-12', subject: variable });
    expect(JSON.stringify([fault.message, fault.detail])).not.toContain(value);
  });

  test('what a level calls a secret is not shown either', () => {
    const variables = resolveVariables([
      { level: 'machine', values: { OSDComputerName: 'my secret name' }, secret: ['OSDComputerName'] },
    ]);
    expect(() => readAnswers({ variables })).toThrow(
      expect.objectContaining({ detail: expect.objectContaining({ found: 'another thing (not shown)' }) }),
    );
  });

  test.each([
    [{ OSDNetworkJoinType: '0' }, 'OSDDomainName'],
    [{ OSDDomainName: 'contoso.example' }, 'OSDJoinAccount'],
    [{ OSDDomainName: 'contoso.example', OSDJoinAccount: 'join' }, 'OSDJoinPassword'],
  ])('%j for want of %s', (values, variable) => {
    expect(refusalOf(values)).toMatchObject({
      code: 'CONTENT-12',
      subject: variable,
      detail: { found: 'nothing' },
    });
  });

  test('a blob that djoin did not write, without showing it', () => {
    const fault = refusalOf({}, recordWith(Buffer.from('<AccountData>').toString('base64')));
    expect(fault).toMatchObject({ code: 'CONTENT-12', subject: 'domainJoinBlob' });
  });
});

test('passwords and keys count as secrets whatever their level says', () => {
  expect(SECRET_ANSWERS).toEqual(['OSDJoinPassword', 'OSDLocalAdminPassword', 'OSDProductKey']);
  expect(Object.values(ANSWER_VARIABLES).flat()).toEqual(expect.arrayContaining([...SECRET_ANSWERS]));
});

test('docs/unattend.md names every variable', () => {
  const page = readFileSync(path.join(ROOT, 'docs/unattend.md'), 'utf8');
  expect(
    Object.values(ANSWER_VARIABLES)
      .flat()
      .filter(name => !page.includes(`\`${name}\``)),
  ).toEqual([]);
});
