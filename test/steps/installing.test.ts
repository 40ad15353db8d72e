// Installing in the new Windows: restarts in the middle, detection, timeouts and logs. The engine, journal and steps are real; what an installer
// does to a machine is played.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openInPlacePool } from '../../agent/content/in-place-pool.ts';
import type { ContentManifest, DetectionClause, InstallCommand } from '../../agent/content/manifest.ts';
import type { DurableFiles } from '../../agent/durable/durable-files.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { Fault, faultRecord } from '../../agent/fault/fault.ts';
import { jobs } from '../../agent/jobs.ts';
import { readJournal } from '../../agent/journal/journal.ts';
import { recall } from '../../agent/journal/past.ts';
import type { ProgramRequest, ProgramResult } from '../../agent/machine/machine.ts';
import { type Action, actionKey } from '../../agent/plan/plan.ts';
import { type Item, makeItem } from '../support/cache-kit.ts';
import { PowerCut } from '../support/lossy-files.ts';
import { faultOf } from '../support/sources.ts';
import { openStepKit, type StepKit } from '../support/step-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('installing');
const ID = 'CON00012';

/** What running a command comes to: an exit code, an end with words, a power cut while it runs, or a timeout. */
type End = number | 'cut' | 'timeout' | Partial<ProgramResult>;

interface Bench {
  readonly disk: string;
  /** Commands that were started, over all starts of the computer. */
  readonly started: readonly string[];
  /** What the machine has; detection rules `{ file }` ask it. */
  readonly has: Set<string>;
  /** Starts the computer, and the agent goes on; `meddle` is done to the machine right before. */
  start(
    meddle?: (kit: StepKit) => Promise<void>,
  ): Promise<{ readonly outcome: 'finished' | 'restart' | 'cut'; readonly kit: StepKit }>;
}

interface BenchOptions {
  readonly type?: 'application' | 'package';
  readonly install: readonly (string | InstallCommand)[];
  readonly detection?: readonly DetectionClause[];
  readonly tree?: Readonly<Record<string, string>>;
  readonly control?: Action['control'];
  /** How often this command was started before, from 0. */
  readonly run: (request: ProgramRequest, before: number, has: Set<string>) => Promise<End> | End;
}

let benches = 0;
async function openBench(options: BenchOptions): Promise<Bench> {
  benches += 1;
  const disk = path.join(folder, `disk-${benches}`);
  await mkdir(disk);
  const { type = 'application', detection, control } = options;
  const item = await anItem(
    {
      type,
      install: options.install.map(each => (typeof each === 'string' ? { command: each } : each)),
      ...(detection === undefined ? {} : { detection: [...detection] }),
    },
    options.tree,
  );
  const action: Action = {
    name: type === 'application' ? 'install-application' : 'install-package',
    id: ID,
    ...(control === undefined ? {} : { control }),
  };
  const started: string[] = [];
  const has = new Set<string>();
  return {
    disk,
    started,
    has,
    async start(meddle) {
      const power = mortalFiles();
      const kit = await openStepKit({
        disk,
        command: 'continue',
        actions: [action],
        items: [item],
        durable: power.files,
        changed: () => ({
          detects: async rule => 'file' in rule && has.has(rule.file),
          async run(request) {
            const before = started.filter(each => each === request.command).length;
            started.push(request.command);
            const end = await options.run(request, before, has);
            if (end === 'cut') power.cut();
            return resultOf(end);
          },
        }),
      });
      await meddle?.(kit);
      try {
        return { outcome: await kit.run(), kit };
      } catch (thrown) {
        if (power.isCut()) return { outcome: 'cut', kit };
        throw thrown;
      }
    },
  };
}

function resultOf(end: End): ProgramResult {
  if (end === 'cut') throw new PowerCut();
  const printed = { timedOut: false, stdout: '', stderr: '', rehearsed: false } as const;
  if (end === 'timeout') return { ...printed, timedOut: true };
  return typeof end === 'number' ? { ...printed, exitCode: end } : { ...printed, exitCode: 0, ...end };
}

/** After the cut nothing reaches the disk any more. */
function mortalFiles(): { readonly files: DurableFiles; cut(): void; isCut(): boolean } {
  let isCut = false;
  const files = new Proxy(openDurableFiles(), {
    get(target, name) {
      if (isCut) throw new PowerCut();
      return Reflect.get(target, name);
    },
  });
  return {
    files,
    cut() {
      isCut = true;
    },
    isCut: () => isCut,
  };
}

async function anItem(
  differences: Partial<ContentManifest>,
  tree: Readonly<Record<string, string>> = {},
): Promise<Item> {
  const bytes = Object.entries({ 'setup.exe': 'MZ', ...tree }).map(([name, text]) => [
    name,
    Buffer.from(text),
  ]);
  return await makeItem(Object.fromEntries(bytes), {
    pool: openInPlacePool({ jobs, durable: openDurableFiles() }),
    scratch: folder,
    id: ID,
    ...differences,
  });
}

const logs = (disk: string, name = ''): string =>
  path.join(disk, 'volumes/windows/_SMSTaskSequence/Logs', name);
const journalOf = (disk: string) =>
  readJournal(path.join(disk, 'volumes/windows/_SMSTaskSequence/Prestage/journal.log'));

const IS_THERE: readonly DetectionClause[] = [{ file: 'there' }];

describe('an installer that restarts the computer and says so (1641)', () => {
  it('goes on at the next command of its item after the restart', async () => {
    const bench = await openBench({
      type: 'package',
      install: ['one', 'two', 'three'],
      run: ({ command }) => ({ one: 0, two: 1641, three: 0 })[command] ?? 1,
    });
    const first = await bench.start();
    expect(first.outcome).toBe('restart');
    expect(bench.started).toEqual(['one', 'two']);
    // Neither cut nor finished: it waits.
    const waiting = recall(await journalOf(bench.disk));
    expect([...waiting.open, ...waiting.finished.keys()]).toEqual([]);
    expect(waiting.courses.get(`install-package:${ID}`)).toMatchObject({ done: 2, cuts: 0 });

    const second = await bench.start();
    expect(second.outcome).toBe('finished');
    expect(bench.started).toEqual(['one', 'two', 'three']);
    expect(recall(await journalOf(bench.disk)).finished.get(`install-package:${ID}`)).toMatchObject({
      exitCode: 0,
    });
    expect((await bench.start()).outcome).toBe('finished');
    expect(bench.started).toHaveLength(3);
  });

  it('an author’s own code for it counts as well', async () => {
    const bench = await openBench({
      type: 'package',
      install: [{ command: 'firmware', restartCodes: { hard: [6] } }, 'after'],
      run: ({ command }) => (command === 'firmware' ? 6 : 0),
    });
    expect((await bench.start()).outcome).toBe('restart');
    expect((await bench.start()).outcome).toBe('finished');
    expect(bench.started).toEqual(['firmware', 'after']);
  });

  it('goes on at the next command though detection finds the first half already', async () => {
    const bench = await openBench({
      install: ['product', 'language'],
      detection: IS_THERE,
      run: ({ command }, _before, has) => (command === 'product' ? has.add('there') && 1641 : 0),
    });
    expect((await bench.start()).outcome).toBe('restart');
    const { outcome, kit } = await bench.start();
    expect([outcome, bench.started]).toEqual(['finished', ['product', 'language']]);
    // It was not cut, and nobody is told that it was.
    expect(kit.notes('warning')).toEqual([]);
  });

  it('is asked by detection after the restart, and not run again', async () => {
    const bench = await openBench({ install: ['setup'], detection: IS_THERE, run: () => 1641 });
    expect((await bench.start()).outcome).toBe('restart');
    bench.has.add('there');
    expect((await bench.start()).outcome).toBe('finished');
    expect(bench.started).toEqual(['setup']);
    expect(recall(await journalOf(bench.disk)).finished.get(`install-application:${ID}`)).toMatchObject({
      exitCode: 1641,
    });
  });

  it('is PKG-04 when detection does not find it after the restart: it does not restart for ever', async () => {
    const bench = await openBench({ install: ['setup'], detection: IS_THERE, run: () => 1641 });
    await bench.start();
    expect(await faultOf(bench.start())).toMatchObject({ code: 'PKG-04', subject: ID });
    expect(bench.started).toEqual(['setup']);
    // Somebody has corrected it and runs continue: from the beginning.
    await bench.start();
    expect(bench.started).toEqual(['setup', 'setup']);
  });
});

describe('an installer that its author has tried again', () => {
  const control = { retry: { attempts: 2, delaySeconds: 0 } };

  it('and that restarts the computer each time, is tried that often over all restarts, not for ever', async () => {
    const bench = await openBench({ control, install: ['setup'], detection: IS_THERE, run: () => 1641 });
    expect((await bench.start()).outcome).toBe('restart');
    expect((await bench.start()).outcome).toBe('restart');
    expect(await faultOf(bench.start())).toMatchObject({ code: 'PKG-04', subject: ID });
    expect(bench.started).toEqual(['setup', 'setup']);
  });

  it('and that fails behind a restart of its own, too; once the run has failed, the next one has all its attempts again', async () => {
    const bench = await openBench({
      control,
      type: 'package',
      install: ['one', 'two'],
      run: ({ command }) => (command === 'one' ? 1641 : 1603),
    });
    expect((await bench.start()).outcome).toBe('restart');
    expect((await bench.start()).outcome).toBe('restart');
    const fault = await faultOf(bench.start());
    expect(fault).toMatchObject({ code: 'PKG-01' });
    expect(bench.started).toEqual(['one', 'two', 'one', 'two']);
    const runFailed = async ({ journal }: StepKit): Promise<void> =>
      journal.append({ type: 'run-failed', fault: faultRecord(new Fault('PKG-01', ID)) });
    expect((await bench.start(runFailed)).outcome).toBe('restart');
    expect((await bench.start()).outcome).toBe('restart');
    expect(await faultOf(bench.start())).toMatchObject({ code: 'PKG-01' });
  });
});

describe('an installer that asks for a restart (3010)', () => {
  it('gets it at the end when it is detected', async () => {
    const bench = await openBench({
      install: ['one', 'two'],
      detection: IS_THERE,
      run: ({ command }, _before, has) => {
        has.add('there');
        return command === 'one' ? 3010 : 0;
      },
    });
    const { outcome, kit } = await bench.start();
    expect([outcome, bench.started]).toEqual(['finished', ['one', 'two']]);
    expect(recall(kit.journal.records).restartPending).toBe('soft');
  });

  it('gets it though a later item failed, and continue was started again by hand', async () => {
    const bench = await openBench({
      type: 'package',
      install: [{ command: 'setup' }],
      run: () => 3010,
    });
    const { kit } = await bench.start();
    await kit.journal.append({
      type: 'run-failed',
      fault: faultRecord(new Fault('PKG-01', 'CON00013')),
    });
    const again = await bench.start();
    expect(recall(again.kit.journal.records).restartPending).toBe('soft');
    // A start after a run that ended well, or was cut, is a start of the computer.
    expect(recall((await bench.start()).kit.journal.records).restartPending).toBeUndefined();
  });

  it('gets it at once when it is not detected before', async () => {
    const bench = await openBench({ install: ['setup'], detection: IS_THERE, run: () => 3010 });
    const { outcome, kit } = await bench.start();
    expect(outcome).toBe('restart');
    expect(kit.notes('info')).toContainEqual(expect.stringContaining('not detected yet'));
    bench.has.add('there');
    expect((await bench.start()).outcome).toBe('finished');
    expect(bench.started).toEqual(['setup']);
  });
});

describe('an installer that brings the computer down and says nothing', () => {
  it('is not run again when detection finds what it installed', async () => {
    const bench = await openBench({
      install: ['setup', 'more'],
      detection: IS_THERE,
      run: (_request, _before, has) => {
        has.add('there');
        return 'cut';
      },
    });
    expect((await bench.start()).outcome).toBe('cut');
    expect((await bench.start()).outcome).toBe('finished');
    expect(bench.started).toEqual(['setup']);
  });

  it('runs again, from the command that was cut', async () => {
    const bench = await openBench({
      type: 'package',
      install: ['one', 'two'],
      run: ({ command }, before) => (command === 'two' && before < 2 ? 'cut' : 0),
    });
    const outcomes = [];
    for (let at = 0; at < 3; at += 1) outcomes.push((await bench.start()).outcome);
    expect(outcomes).toEqual(['cut', 'cut', 'finished']);
    expect(bench.started).toEqual(['one', 'two', 'two', 'two']);
  });

  it.each(['package', 'application'] as const)('is PKG-06 after three times, as a %s', async type => {
    const bench = await openBench({
      type,
      install: ['setup'],
      ...(type === 'application' ? { detection: IS_THERE } : {}),
      control: { retry: { attempts: 5, delaySeconds: 0 } },
      run: () => 'cut',
    });
    for (let at = 0; at < 3; at += 1) expect((await bench.start()).outcome).toBe('cut');
    const fault = await faultOf(bench.start());
    expect(fault).toMatchObject({ code: 'PKG-06', subject: ID, detail: { starts: 3, command: 'setup' } });
    expect(fault.detail.log).toMatch(/install-CON00012\.log$/);
    expect(bench.started).toHaveLength(3);
    // Told once; whoever runs continue after that means it.
    expect((await bench.start()).outcome).toBe('cut');
  });

  it('does not blame an installer for cuts while its item is proven', async () => {
    const bench = await openBench({ type: 'package', install: ['setup'], run: () => 0 });
    for (let at = 0; at < 4; at += 1) {
      const kit = await openStepKit({ disk: bench.disk, command: 'continue', actions: [] });
      await kit.journal.append({
        type: 'action-started',
        action: actionKey({ name: 'install-package', id: ID }),
      });
    }
    expect((await bench.start()).outcome).toBe('finished');
  });

  it('starts all over when the last command ended, and what it installed is gone with the cut', async () => {
    const bench = await openBench({
      install: ['setup'],
      detection: IS_THERE,
      run: (_request, _before, has) => {
        has.add('there');
        return 0;
      },
    });
    const kit = await openStepKit({ disk: bench.disk, command: 'continue', actions: [] });
    const action = `install-application:${ID}`;
    await kit.journal.append({ type: 'action-started', action });
    await kit.journal.append({ type: 'command-started', action, command: 1 });
    await kit.journal.append({ type: 'command-finished', action, command: 1, exitCode: 0 });
    expect((await bench.start()).outcome).toBe('finished');
    expect(bench.started).toEqual(['setup']);
  });

  it('a failure forgets how far the item had come', async () => {
    const bench = await openBench({
      type: 'package',
      install: ['one', 'two'],
      run: ({ command }, before) => (command === 'two' && before === 0 ? 1603 : 0),
    });
    expect(await faultOf(bench.start())).toMatchObject({
      code: 'PKG-01',
      detail: { command: 'two', exitCode: 1603, expected: '0, 1707, 3010, 1641' },
    });
    expect((await bench.start()).outcome).toBe('finished');
    expect(bench.started).toEqual(['one', 'two', 'one', 'two']);
  });
});

describe('detection', () => {
  const cases: readonly (readonly [string, readonly DetectionClause[], readonly string[], boolean])[] = [
    ['all of a list', [{ file: 'a' }, { file: 'b' }], ['a', 'b'], true],
    ['one missing', [{ file: 'a' }, { file: 'b' }], ['a'], false],
    ['any', [{ any: [{ file: 'a' }, { file: 'b' }] }], ['b'], true],
    ['none of any', [{ any: [{ file: 'a' }, { file: 'b' }] }], [], false],
    ['any of all', [{ any: [{ all: [{ file: 'a' }, { file: 'b' }] }, { file: 'c' }] }], ['a', 'b'], true],
    ['half of all in any', [{ any: [{ all: [{ file: 'a' }, { file: 'b' }] }, { file: 'c' }] }], ['a'], false],
  ];
  it.each(cases)('%s', async (_title, detection, there, installed) => {
    const bench = await openBench({
      install: ['setup'],
      detection,
      run: (_request, _before, has) => {
        for (const name of ['a', 'b', 'c']) has.add(name);
        return 0;
      },
    });
    for (const name of there) bench.has.add(name);
    await bench.start();
    expect(bench.started).toEqual(installed ? [] : ['setup']);
  });

  it('runs a script of the item in its proven folder: text and exit code 0 mean installed', async () => {
    const requests: ProgramRequest[] = [];
    const bench = await openBench({
      install: ['setup'],
      detection: [{ script: 'tools/is-there.cmd', timeoutMinutes: 0.5 }],
      tree: { 'tools/is-there.cmd': '@echo yes\r\n' },
      run: (request, _before, has) => {
        if (request.command === 'setup') return has.add('x') && 0;
        requests.push(request);
        return has.has('x') ? { stdout: 'yes\r\n' } : { stdout: ' \r\n' };
      },
    });
    expect((await bench.start()).outcome).toBe('finished');
    const item = path.join(bench.disk, 'volumes/windows/_SMSTaskSequence/Packages', ID);
    const script = path.join(item, 'tools', 'is-there.cmd');
    expect(bench.started).toEqual([`"${script}"`, 'setup', `"${script}"`]);
    expect(requests[0]).toMatchObject({ folder: item, timeoutMs: 30_000, asksOnly: true });
  });

  it('does not run a script that somebody changed', async () => {
    const bench = await openBench({
      install: ['setup'],
      detection: [{ script: 'is-there.ps1' }],
      tree: { 'is-there.ps1': '"yes"' },
      run: () => 0,
    });
    const start = bench.start(kit => writeFile(path.join(kit.layout.item(ID), 'is-there.ps1'), '"always"'));
    expect(await faultOf(start)).toMatchObject({ code: 'CONTENT-02' });
    expect(bench.started).toEqual([]);
  });

  it('hands PowerShell text over in a file that it reads as UTF-8, and takes it away', async () => {
    let seen: Buffer | undefined;
    const bench = await openBench({
      install: ['setup'],
      detection: [{ powershell: "if (Test-Path 'C:\\Büro') { 'ja' }" }],
      run: async request => {
        const file = /-ExecutionPolicy Bypass -File "(.+\.ps1)"$/.exec(request.command)?.[1];
        seen = file === undefined ? undefined : await readFile(file);
        return { stdout: 'ja' };
      },
    });
    expect((await bench.start()).outcome).toBe('finished');
    expect(seen?.toString()).toBe("\uFEFFif (Test-Path 'C:\\Büro') { 'ja' }");
    expect(await readdir(path.join(bench.disk, 'volumes/windows/_SMSTaskSequence/Prestage/temp'))).toEqual(
      [],
    );
    expect(bench.started[0]).toMatch(/v1\.0\\powershell\.exe -NoProfile -NonInteractive /);
  });

  it.each([
    ['fails', { exitCode: 1, stdout: 'yes', stderr: 'Access denied\r\n' }, 'ended with 1'],
    ['hangs', { timedOut: true, exitCode: undefined } as never, 'did not end in its time'],
  ])(
    'a script that %s tells nothing: a warning, and the application is installed',
    async (_title, end, words) => {
      const bench = await openBench({
        install: ['setup'],
        detection: [{ any: [{ script: 'x.cmd' }, { file: 'there' }] }],
        tree: { 'x.cmd': '' },
        run: ({ command }, _before, has) => (command === 'setup' ? has.add('there') && 0 : end),
      });
      const { outcome, kit } = await bench.start();
      expect(outcome).toBe('finished');
      expect(kit.notes('warning').join()).toContain(words);
    },
  );

  it('after installing, what a script does not find is PKG-04', async () => {
    const bench = await openBench({
      install: ['setup'],
      detection: [{ script: 'x.cmd' }],
      tree: { 'x.cmd': '' },
      run: () => 0,
    });
    expect(await faultOf(bench.start())).toMatchObject({ code: 'PKG-04' });
  });
});

describe('logs', () => {
  it('an installer that hangs names its log', async () => {
    const bench = await openBench({
      type: 'package',
      install: [{ command: 'setup', timeoutMinutes: 2 }],
      run: () => 'timeout',
    });
    const fault = await faultOf(bench.start());
    expect(fault).toMatchObject({ code: 'PKG-02', detail: { command: 'setup', timeoutMinutes: 2 } });
    expect(await readFile(String(fault.detail.log), 'utf8')).toContain('none: timed out');
  });

  it('Windows Installer’s own log is kept without the passwords in it, and named by the fault', async () => {
    const bench = await openBench({
      install: ['msiexec /i app.msi /qn PASSWORD=geheim42'],
      detection: IS_THERE,
      run: async ({ msiLog = '' }) => {
        expect(existsSync(path.dirname(msiLog))).toBe(true);
        const text = '\uFEFFProperty(C): PASSWORD = geheim42\r\nCustomAction X returned 1603 – Übel\r\n';
        await writeFile(msiLog, Buffer.from(text, 'utf16le'));
        return 1603;
      },
    });
    const fault = await faultOf(bench.start());
    expect(fault).toMatchObject({
      code: 'PKG-01',
      detail: { exitCode: 1603, msiLog: logs(bench.disk, `install-${ID}-msi.log`) },
    });
    const kept = await readFile(logs(bench.disk, `install-${ID}-msi.log`), 'utf8');
    expect(kept).toContain('CustomAction X returned 1603 – Übel');
    for (const name of await readdir(logs(bench.disk)))
      expect(await readFile(logs(bench.disk, name), 'utf8')).not.toContain('geheim42');
    expect(await readdir(path.join(bench.disk, 'volumes/windows/_SMSTaskSequence/Prestage/temp'))).toEqual(
      [],
    );
  });

  it('what Windows Installer had written when the computer went down is kept at the next start', async () => {
    const bench = await openBench({
      type: 'package',
      install: ['msiexec /i app.msi'],
      run: async ({ msiLog = '' }, before) => {
        await writeFile(msiLog, `start ${before}\r\n`);
        return before === 0 ? 'cut' : 0;
      },
    });
    expect((await bench.start()).outcome).toBe('cut');
    expect((await bench.start()).outcome).toBe('finished');
    expect(await readFile(logs(bench.disk, `install-${ID}-msi.log`), 'utf8')).toBe('start 0\r\nstart 1\r\n');
  });

  it('of a log that is too long the end is kept, in whole characters', async () => {
    const bench = await openBench({
      type: 'package',
      install: ['msiexec /i app.msi'],
      run: async ({ msiLog = '' }) => {
        const body = 'ü'.repeat(9 * 1024 * 1024);
        await writeFile(msiLog, Buffer.from(`\uFEFFbegin${body}end`, 'utf16le'));
        return 0;
      },
    });
    await bench.start();
    const kept = await readFile(logs(bench.disk, `install-${ID}-msi.log`), 'utf8');
    expect([kept.length, kept.slice(-5), kept.includes('begin')]).toEqual([8 * 1024 * 1024, 'üüend', false]);
  });
});
