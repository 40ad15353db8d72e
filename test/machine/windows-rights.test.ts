// Rights, device encryption and the way out on Windows' side of Wine. Wine keeps no rights, so icacls is a stand-in and its command lines are what is
// judged; the registry is Wine's own, changed and read back by the real reg.exe.
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TemporaryFolder, temporaryFolder, writeTree } from '../support/wim-kit.ts';
import { openWindowsSide, type WindowsSide } from '../support/windows-side.ts';

interface Bench extends AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly side: WindowsSide;
  calls(): Promise<readonly string[]>;
}

async function openBench(env: Readonly<Record<string, string>> = {}): Promise<Bench> {
  const folder = await temporaryFolder();
  await writeTree(folder.join('w'), {
    'Windows/Panther/unattend.xml': '<unattend/>',
    '_SMSTaskSequence/Prestage/media.json': '{}',
  });
  await writeTree(folder.join('d'), { '_SMSTaskSequence/Packages/x.txt': 'x' });
  const side = await openWindowsSide({
    folder: folder.path,
    drives: { w: folder.join('w'), d: folder.join('d') },
    env,
  });
  return {
    folder,
    side,
    async calls() {
      const text = await readFile(side.recordFile, 'utf8').catch(() => '');
      return text
        .split('\n')
        .filter(line => line !== '')
        .map(line => JSON.parse(line))
        .map(({ tool, args }) => [tool, ...args].join(' '));
    },
    async [Symbol.asyncDispose]() {
      await side[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe('rights', () => {
  let bench: Bench;
  let before = 0;
  beforeAll(async () => {
    bench = await openBench();
  });
  beforeEach(async () => {
    before = (await bench.calls()).length;
  });
  afterAll(() => bench?.[Symbol.asyncDispose]());
  const since = async (): Promise<readonly string[]> => (await bench.calls()).slice(before);

  // In this order: there is no way back from Windows PE in one program.
  test('in the full OS are set on the top alone, and nothing is reset', async () => {
    await bench.side.machine.protect('W:\\_SMSTaskSequence');
    expect(await since()).toEqual([
      'icacls W:\\_SMSTaskSequence /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F /Q',
    ]);
  });

  test('in Windows PE are set anew: those that others were given go, Administrators own it all', async () => {
    await bench.side.call('test.becomeWinPe');
    await bench.side.machine.protect('W:\\_SMSTaskSequence');
    expect(await since()).toEqual([
      'icacls W:\\_SMSTaskSequence /reset /Q',
      'icacls W:\\_SMSTaskSequence /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F /Q',
      'icacls W:\\_SMSTaskSequence /setowner *S-1-5-32-544 /T /L /Q',
      'icacls W:\\_SMSTaskSequence\\* /reset /T /L /Q',
    ]);
  });

  test('of a file come down to nothing', async () => {
    await bench.side.machine.protect('W:\\Windows\\Panther\\unattend.xml');
    expect(await since()).toEqual([
      'icacls W:\\Windows\\Panther\\unattend.xml /reset /Q',
      'icacls W:\\Windows\\Panther\\unattend.xml /inheritance:r /grant:r *S-1-5-18:F *S-1-5-32-544:F /Q',
      'icacls W:\\Windows\\Panther\\unattend.xml /setowner *S-1-5-32-544 /Q',
    ]);
  });

  test('of an empty folder need no pattern', async () => {
    await mkdir(bench.folder.join('w', 'empty'));
    await bench.side.machine.protect('W:\\empty');
    expect((await since()).filter(call => call.includes('*\\') || call.includes('\\*'))).toEqual([]);
  });

  test('are set with the new Windows’ own icacls where Windows PE has none, also on the other volume', async () => {
    const system = path.join(bench.side.session.drive('c'), 'windows', 'system32', 'icacls.exe');
    await mkdir(bench.folder.join('w', 'Windows', 'System32'), { recursive: true });
    await copyFile(system, bench.folder.join('w', 'Windows', 'System32', 'icacls.exe'));
    await rm(system);
    await bench.side.machine.protect('D:\\_SMSTaskSequence');
    expect(await since()).toHaveLength(4);
  });

  test('are DISK-06 when there is no icacls at all', async () => {
    await rm(bench.folder.join('w', 'Windows', 'System32', 'icacls.exe'));
    await expect(bench.side.machine.protect('W:\\_SMSTaskSequence')).rejects.toMatchObject({
      code: 'DISK-06',
      detail: { found: 'none' },
    });
  });
});

test('icacls that fails is DISK-06 with its words, and nothing more is tried', async () => {
  await using bench = await openBench({ PRESTAGE_RECORD_ICACLS: '5;Access is denied.' });
  await expect(bench.side.machine.protect('W:\\_SMSTaskSequence')).rejects.toMatchObject({
    code: 'DISK-06',
    subject: 'W:\\_SMSTaskSequence',
    detail: { exitCode: 5, words: 'Access is denied.' },
  });
  expect(await bench.calls()).toHaveLength(1);
});

describe('device encryption', () => {
  const KEY = 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\BitLocker';
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench?.[Symbol.asyncDispose]());

  const reg = async (commandLine: string): Promise<void> => {
    const command = `reg ${commandLine}`;
    expect(await bench.side.machine.run({ command, folder: 'W:\\', timeoutMs: 60_000 })).toMatchObject({
      exitCode: 0,
    });
  };
  const held = () => bench.side.machine.readRegistry(KEY, 'PreventDeviceEncryption');
  const sign = () => bench.side.machine.readRegistry('HKLM\\SOFTWARE\\Prestage', 'EncryptionHeldOff');
  /** The specialize commands of a real answer file, as Setup starts them: the whole path is the command line. */
  const specialize = async (): Promise<void> => {
    const { specializeCommands } = await import('../../agent/steps/continuation-files.ts');
    for (const { path: command } of specializeCommands('_SMSTaskSequence/Prestage/agent/task.xml'))
      expect(await bench.side.machine.run({ command, folder: 'W:\\', timeoutMs: 60_000 })).toMatchObject({
        exitCode: 0,
      });
  };

  test('is held off by the answer file’s commands, and let go at the end', async () => {
    await specialize();
    expect([await held(), await sign()]).toEqual(['1', '1']);
    await bench.side.machine.releaseEncryption();
    expect([await held(), await sign()]).toEqual([undefined, undefined]);
    await bench.side.machine.releaseEncryption();
  });

  test('commands that run twice, as after a cut, still know who did it', async () => {
    await specialize();
    await specialize();
    await bench.side.machine.releaseEncryption();
    expect([await held(), await sign()]).toEqual([undefined, undefined]);
  });

  test('a release cut between its two changes is ended by the next one', async () => {
    await specialize();
    await reg(`delete ${KEY} /v PreventDeviceEncryption /f`);
    await bench.side.machine.releaseEncryption();
    expect(await sign()).toBeUndefined();
  });

  test.each(['0', '1'])('what the image says itself (%s) is left as it is', async value => {
    await reg(`add ${KEY} /v PreventDeviceEncryption /t REG_DWORD /d ${value} /f`);
    await specialize();
    expect([await held(), await sign()]).toEqual([value, undefined]);
    await bench.side.machine.releaseEncryption();
    expect(await held()).toBe(value);
    await reg(`delete ${KEY} /v PreventDeviceEncryption /f`);
  });

  test('the third command registers the task from its file, its variable expanded', async () => {
    expect((await bench.calls()).filter(call => call.startsWith('schtasks')).at(-1)).toBe(
      'schtasks /create /f /tn Prestage /xml C:\\_SMSTaskSequence\\Prestage\\agent\\task.xml',
    );
  });
});

test('SetupComplete.cmd registers the task unless it is there, runs the image’s own script, then starts the task', async () => {
  await using bench = await openBench({ PRESTAGE_RECORD_SCHTASKS: '1;' });
  const { setupCompleteText } = await import('../../agent/steps/continuation-files.ts');
  await writeTree(path.join(bench.side.session.drive('c'), 'windows', 'Setup', 'Scripts'), {
    'SetupComplete.cmd': setupCompleteText('_SMSTaskSequence/Prestage/agent/task.xml'),
    'SetupComplete.image.cmd': '@schtasks /create /tn ImagesOwn\r\n',
  });
  const command = 'C:\\windows\\Setup\\Scripts\\SetupComplete.cmd';
  await bench.side.machine.run({ command, folder: 'C:\\', timeoutMs: 60_000 });
  expect(await bench.calls()).toEqual([
    'schtasks /query /tn Prestage',
    'schtasks /create /f /tn Prestage /xml C:\\_SMSTaskSequence\\Prestage\\agent\\task.xml',
    'schtasks /create /tn ImagesOwn',
    'schtasks /run /tn Prestage',
  ]);
});

test('the way out takes both volumes’ folders, the agent’s own last, then the task', async () => {
  await using bench = await openBench();
  await bench.side.machine.retire('W:\\_SMSTaskSequence', 'D:\\_SMSTaskSequence');
  await expect.poll(() => bench.calls(), { timeout: 30_000 }).toEqual(['schtasks /delete /tn Prestage /f']);
  expect([
    existsSync(bench.folder.join('w/_SMSTaskSequence')),
    existsSync(bench.folder.join('d/_SMSTaskSequence')),
  ]).toEqual([false, false]);
  expect(existsSync(bench.folder.join('w/Windows'))).toBe(true);
});
