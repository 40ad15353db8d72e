import { expect, test } from 'vitest';
import { continuationFiles } from '../../agent/steps/continuation-files.ts';
import { meaningOf } from '../../agent/steps/run-installer.ts';

test.each([
  [0, undefined, 'success'],
  [1707, undefined, 'success'],
  [3010, undefined, 'soft-restart'],
  [1641, undefined, 'hard-restart'],
  [1618, undefined, 'busy'],
  [1603, undefined, 'failed'],
  [1, undefined, 'failed'],
  [42, [42], 'success'],
  [3010, [3010], 'soft-restart'],
  [1618, [1618], 'success'],
] as const)('exit code %i with authored success codes %j means %s', (code, authored, meaning) => {
  expect(meaningOf(code, authored)).toBe(meaning);
});

test('the continuation is registered by a specialize command and, failing that, by SetupComplete.cmd', () => {
  const files = new Map(
    continuationFiles('_SMSTaskSequence/Prestage/agent/prestage.exe').map(file => [file.path, file.text]),
  );
  expect([...files.keys()]).toEqual([
    'Windows/Panther/unattend.xml',
    'Windows/Setup/Scripts/SetupComplete.cmd',
  ]);
  const unattend = files.get('Windows/Panther/unattend.xml') ?? '';
  expect(unattend).toContain('<settings pass="specialize">');
  expect(unattend).toContain(
    '/tr &quot;%SystemDrive%\\_SMSTaskSequence\\Prestage\\agent\\prestage.exe continue&quot;',
  );
  // The Path of a RunSynchronousCommand is limited to 259 characters.
  const path = /<Path>(.*?)<\/Path>/.exec(unattend)?.[1]?.replaceAll('&quot;', '"') ?? '';
  expect(path.length).toBeLessThan(260);
  for (const text of files.values())
    expect(text.split('\n').every(line => line === '' || line.endsWith('\r'))).toBe(true);
});
