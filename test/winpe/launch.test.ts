import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { catalogue, exitCodeOf, type FaultCode } from '../../agent/fault/catalogue.ts';
import { layStandIns, wineForFile } from '../support/wine.ts';

const WINPE = path.resolve(import.meta.dirname, '../../winpe');

const { session: wine, close } = wineForFile({
  env: {
    PRESTAGE_RECORD: 'C:\\record.ndjson',
    WINEDLLOVERRIDES: 'mscoree,mshtml=;ping.exe,drvload.exe,wpeinit.exe=n',
  },
});
afterAll(close);

const drive = path.join(wine.prefix, 'drive_c');
const record = path.join(drive, 'record.ndjson');
const home = path.join(drive, 'Prestage');
const logs = path.join(drive, '_SMSTaskSequence/Logs');
const launches = path.join(logs, 'launches.log');
const manifest = path.join(drive, '_SMSTaskSequence/Prestage/media.json');

/** A boot image as it comes from RAM, and a disk of media on which Prestage has been (its log folder is there). */
beforeEach(() => {
  for (const place of [record, home, path.join(drive, '_SMSTaskSequence'), path.join(drive, 'sources')])
    rmSync(place, { recursive: true, force: true });
  mkdirSync(home);
  mkdirSync(logs, { recursive: true });
  mkdirSync(path.dirname(manifest), { recursive: true });
  writeFileSync(manifest, '{}');
  cpSync(path.join(WINPE, 'launch.cmd'), path.join(home, 'launch.cmd'));
  const system32 = path.join(drive, 'windows/system32');
  for (const name of ['prestage.cmd', 'startnet.cmd'])
    cpSync(path.join(WINPE, name), path.join(system32, name));
  layStandIns(home, ['prestage']);
  layStandIns(system32, ['ping', 'wpeutil', 'drvload', 'wpeinit']);
});

/** A person leaves the shell and wants the restart. */
const LEAVE = ['exit', 'r'];

interface Launch {
  /** Exit code of each tool that does not end with 0. */
  readonly codes?: Readonly<Record<string, number>>;
  /** What is typed, a line each; then the keyboard is gone. */
  readonly typed?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the launcher to its end. A line is typed when the screen asks for one; when all are typed the keyboard is gone. */
async function launch({ codes = {}, typed = LEAVE, command = LAUNCHER, env = {} }: Launch) {
  rmSync(record, { force: true });
  const { child, ended } = await wine.start('cmd', ['/d', ...command], {
    env: { ...answersOf(codes), ...env },
    openInput: true,
  });
  const left = [...typed];
  let screen = '';
  child.stdout?.on('data', piece => {
    screen += String(piece);
    if (!ASKS.test(screen)) return;
    screen += '\n';
    if (left.length === 0) child.stdin?.end();
    else child.stdin?.write(`${left.shift()}\r\n`);
  });
  const timer = setTimeout(() => void wine.killPrograms(), MOST_MS);
  const { stdout, code } = await ended;
  clearTimeout(timer);
  if (code === null) throw new Error(`The launcher did not end:\n${stdout}`);
  return { screen: stdout, calls: callsSoFar() };
}

/** The prompt of the shell, and the question behind it. */
const ASKS = /(\n(Prestage )?[A-Z]:\\[^\n>]*>|back to the shell: )$/;
const MOST_MS = 20_000;
const LAUNCHER = ['/c', 'C:\\Prestage\\launch.cmd'];

function answersOf(codes: Readonly<Record<string, number>>): Record<string, string> {
  const answers = Object.entries(codes);
  return Object.fromEntries(
    answers.map(([tool, code]) => [`PRESTAGE_RECORD_${tool.toUpperCase()}`, `${code};`]),
  );
}

function callsSoFar(): readonly string[] {
  const lines = existsSync(record) ? readFileSync(record, 'utf8').split('\n').slice(0, -1) : [];
  return lines.map(line => {
    const { tool, args } = JSON.parse(line) as { tool: string; args: string[] };
    return [tool, ...args].join(' ');
  });
}

/** What is kept for the next start, without dates. */
const noted = (): readonly string[] =>
  existsSync(launches)
    ? [...readFileSync(launches, 'latin1').matchAll(/^(start|ended -?\d+) /gm)].map(match => match[1]!)
    : [];

/** `count` starts in a row lie behind this one, each followed by `ending`. */
const startedBefore = (count: number, ending = ''): void =>
  writeFileSync(launches, `start Fri 01/02/2026 10:00\r\n${ending}`.repeat(count));
const HANDED_OVER = 'ended 3 Fri 01/02/2026 10:00\r\n';

const MINUTE = 'ping -n 60 127.0.0.1';
const HOUR = 'ping -n 3600 127.0.0.1';
const PATIENCE = { timeout: 20_000, interval: 50 };
const LEFT = ['wpeutil reboot', MINUTE];

describe('after the hand-over', () => {
  test('the launcher says so, waits for the restart and asks for it once more', async () => {
    const { calls, screen } = await launch({ codes: { prestage: 3 } });
    expect(calls.slice(0, 3)).toEqual(['prestage deploy', MINUTE, 'wpeutil reboot']);
    expect(screen).toContain('Restarting.');
  });

  test('a restart that does not come leaves a shell, and the words for it', async () => {
    const { calls, screen } = await launch({ codes: { prestage: 3, wpeutil: 1 } });
    expect(calls).toEqual(['prestage deploy', MINUTE, 'wpeutil reboot', MINUTE, ...LEFT]);
    expect(screen).toContain('the restart does not come. Switch the computer off and on again.');
  });

  test('what cannot be counted is not repeated: with no log folder the launcher restarts nothing by itself', async () => {
    rmSync(logs, { recursive: true });
    const { calls } = await launch({ codes: { prestage: 3 } });
    expect(calls).toEqual(['prestage deploy', MINUTE, MINUTE, ...LEFT]);
    expect(existsSync(logs)).toBe(false);
  });
});

describe('a code that is not good', () => {
  const words = new Map(
    [
      ...readFileSync(path.join(WINPE, 'launch.cmd'), 'utf8').matchAll(
        /"%RESULT%"=="(-?\d+)" set "WHY=(.*)"/g,
      ),
    ].map(([, code, why]) => [Number(code), why!]),
  );

  test('of every family of faults, and of what Windows says when a program does not start, has words', () => {
    const families = new Set(Object.keys(catalogue).map(code => exitCodeOf(code as FaultCode)));
    // ntstatus.h: DLL not found, entry point not found, bad image, DLL that does not start, illegal instruction, no memory, access violation,
    // fail fast, Ctrl-C.
    const statuses = [
      0xc0000135, 0xc0000139, 0xc000007b, 0xc0000142, 0xc000001d, 0xc0000017, 0xc0000005, 0xc0000409,
      0xc000013a,
    ].map(status => status | 0);
    // winerror.h and cmd.exe: access denied, not a valid program, another machine's program, not recognized; 134 is Node's abort.
    const missing = [...families, ...statuses, 5, 193, 216, 9009, 134].filter(code => !words.has(code));
    expect(missing).toEqual([]);
  });

  test.each([40, 99, -1073741515])(
    '%i leaves a shell in which prestage can be typed, and its words',
    async code => {
      const { screen, calls } = await launch({
        codes: { prestage: code },
        typed: ['prestage explain NET-01', ...LEAVE],
      });
      expect(calls).toEqual(['prestage deploy', 'prestage explain NET-01', ...LEFT]);
      expect(screen).toContain(`Prestage ended with code ${code}.`);
      expect(screen).toContain(words.get(code));
    },
  );

  test('that nobody knows is shown as it is', async () => {
    const { screen } = await launch({ codes: { prestage: 1 } });
    expect(screen).toMatch(/ended with code 1\.[\s\S]*No code of Prestage\./);
  });

  test('a program that is not there is told before it is tried, and is no fault of the disk', async () => {
    rmSync(path.join(home, 'prestage.exe'));
    const { screen, calls } = await launch({});
    expect(calls).toEqual(LEFT);
    expect(screen).toContain(
      'C:\\Prestage\\prestage.exe is not there: the boot image was not assembled to the end.',
    );
  });

  test('a program that Windows PE cannot load is told by its number', async () => {
    writeFileSync(path.join(home, 'prestage.exe'), 'MZ, and no more');
    const { screen, calls } = await launch({});
    expect(calls).toEqual(LEFT);
    expect(screen).toMatch(/Prestage ended with code [1-9]\d*\./);
  });

  test('the shell says when Windows PE will restart by itself, with the weekday where the date has one', async () => {
    const { screen } = await launch({ codes: { prestage: 40 }, env: { DATE: 'Sat 11/28/2026' } });
    expect(screen).toContain('at about Sat 11/28/2026');
    expect(screen).toContain('finish within three days (Tuesday).');
  });

  test('without a weekday it says the date as it is', async () => {
    const { screen } = await launch({ codes: { prestage: 40 } });
    expect(screen).toMatch(/restarts by itself 72 hours after its start[\s\S]*at about \S*\d+\/\d+\/\d+ \d/);
  });
});

describe('the loop guard', () => {
  test('counts starts and endings beside the logs, and says what has been before', async () => {
    startedBefore(2, HANDED_OVER);
    const { screen } = await launch({ codes: { prestage: 40 }, typed: ['exit', 'x', 'exit', 'o'] });
    expect(screen).toContain(
      'Starts in a row: 2 of at most 30 before this one; 2 of at most 10 ended with a restart.',
    );
    // Whoever was here has seen it: counting begins anew.
    expect(noted()).toEqual([]);
  });

  test('a power cut leaves what was counted', async () => {
    startedBefore(1);
    const { ended } = await wine.start('cmd', ['/d', ...LAUNCHER], {
      env: { PRESTAGE_RECORD_PAUSE_MS: '60000' },
    });
    await vi.waitFor(() => expect(callsSoFar()).toEqual(['prestage deploy']), PATIENCE);
    await wine.killPrograms();
    await ended;
    expect(noted()).toEqual(['start', 'start']);
  });

  test('a first start is counted once there is a place for it: when the agent has proven the media', async () => {
    rmSync(logs, { recursive: true });
    const { ended } = await wine.start('cmd', ['/d', ...LAUNCHER], {
      env: { PRESTAGE_RECORD_PAUSE_MS: '2500' },
    });
    await vi.waitFor(() => expect(callsSoFar()).toEqual(['prestage deploy']), PATIENCE);
    mkdirSync(logs); // as the agent does
    await vi.waitFor(() => expect(noted()).toEqual(['start', 'ended 0']), PATIENCE);
    await wine.killPrograms();
    await ended;
  });

  test('what another kind of deployment left on a disk gets nothing written to it', async () => {
    rmSync(manifest);
    const { calls } = await launch({ codes: { prestage: 40 } });
    expect(calls).toEqual(['prestage deploy', ...LEFT]);
    expect(existsSync(launches)).toBe(false);
  });

  test.each([
    {
      before: 'ten restarts',
      count: 10,
      ending: HANDED_OVER,
      words: /firmware starts the media before the new Windows/,
    },
    {
      before: 'thirty starts without an end',
      count: 30,
      ending: '',
      words: /started 30 times in a row, and nobody was asked/,
    },
  ])('after $before nothing is started: a shell says why', async ({ count, ending, words }) => {
    startedBefore(count, ending);
    const { calls, screen } = await launch({ typed: ['prestage deploy', ...LEAVE] });
    expect(calls).toEqual(['prestage deploy', ...LEFT]); // the one that was typed
    expect(screen).toMatch(words);
    expect(noted()).toEqual([]);
  });

  test('one less is still started', async () => {
    startedBefore(9, HANDED_OVER);
    const { calls } = await launch({ codes: { prestage: 3 } });
    expect(calls[0]).toBe('prestage deploy');
    expect(calls[2]).toBe('wpeutil reboot');
  });

  test('what lies in the file is data: commands in it are not run', async () => {
    writeFileSync(launches, 'start & prestage a\r\nended & prestage b\r\n%X% " | prestage c\r\n\0\0');
    const { calls } = await launch({ codes: { prestage: 40 } });
    expect(calls).toEqual(['prestage deploy', ...LEFT]);
  });
});

describe('the shell', () => {
  test('left by accident it comes back, and nothing restarts', async () => {
    const { calls } = await launch({
      codes: { prestage: 40 },
      typed: ['exit', '', 'prestage plan', 'exit', '"&prestage x', 'exit', 'o'],
    });
    expect(calls).toEqual(['prestage deploy', 'prestage plan', 'wpeutil shutdown', MINUTE]);
  });

  test('with no keyboard the launcher waits: it neither restarts nor ends', async () => {
    const { ended } = await wine.start('cmd', ['/d', ...LAUNCHER], { env: answersOf({ prestage: 40 }) });
    await vi.waitFor(() => expect(callsSoFar().slice(0, 3)).toEqual(['prestage deploy', HOUR, HOUR]), {
      timeout: 60_000,
      interval: 200,
    });
    await wine.killPrograms();
    await ended;
    expect(callsSoFar().filter(call => call.startsWith('wpeutil'))).toEqual([]);
  });

  test('the variant with Windows PE’s own shell runs wpeinit, then the same launcher', async () => {
    const { calls } = await launch({
      codes: { prestage: 40 },
      command: ['/c', 'C:\\windows\\system32\\startnet.cmd'],
    });
    expect(calls).toEqual(['wpeinit -unattend:C:\\Prestage\\unattend.xml', 'prestage deploy', ...LEFT]);
  });
});

describe('drivers beside the agent', () => {
  const lay = (): void => {
    for (const name of ['net & 1/a.inf', 'disk/b.inf', 'disk/b.sys']) {
      mkdirSync(path.dirname(path.join(home, 'drivers', name)), { recursive: true });
      writeFileSync(path.join(home, 'drivers', name), '');
    }
  };

  test('are loaded before it starts, and the network is asked for again', async () => {
    lay();
    const { calls } = await launch({ codes: { prestage: 40 } });
    expect(calls.slice(0, 2).toSorted()).toEqual([
      'drvload C:\\Prestage\\drivers\\disk\\b.inf',
      'drvload C:\\Prestage\\drivers\\net & 1\\a.inf',
    ]);
    expect(calls.slice(2, 5)).toEqual([
      'wpeutil InitializeNetwork',
      'ping -n 6 127.0.0.1',
      'prestage deploy',
    ]);
  });

  test('that make the disk visible are loaded before starts are counted: it is no way around the loop guard', async () => {
    lay();
    startedBefore(10, HANDED_OVER);
    rmSync(manifest);
    const { child, ended } = await wine.start('cmd', ['/d', ...LAUNCHER], {
      env: { PRESTAGE_RECORD_PAUSE_MS: '1500' },
      openInput: true,
    });
    let screen = '';
    child.stdout?.on('data', piece => {
      screen += String(piece);
    });
    await vi.waitFor(() => expect(callsSoFar()[0]).toMatch(/^drvload /), PATIENCE);
    writeFileSync(manifest, '{}'); // as the disk comes with its driver
    await vi.waitFor(() => expect(screen).toContain('To leave this shell'), PATIENCE);
    await wine.killPrograms();
    await ended;
    expect(screen).toContain('Nothing was started: 10 times in a row');
    expect(callsSoFar()).not.toContain('prestage deploy');
  });

  test('that do not load are named, and stop nothing', async () => {
    lay();
    const { calls, screen } = await launch({ codes: { prestage: 40, drvload: -536870352 } });
    expect(screen).toContain('Driver not loaded: C:\\Prestage\\drivers\\disk\\b.inf');
    expect(calls[2]).toBe('prestage deploy');
  });
});

describe('a boot image for the self-test', () => {
  const arm = (): void => writeFileSync(path.join(home, 'selftest.txt'), '');
  const REPORT = 'C:\\_SMSTaskSequence\\Logs\\selftest.json';

  test('tries this computer first, with the report beside the logs, and goes on when it passes', async () => {
    arm();
    const { calls } = await launch({ codes: { prestage: 0 } });
    expect(calls.slice(0, 2)).toEqual([`prestage selftest --out ${REPORT}`, 'prestage deploy']);
  });

  test('goes no further when something is not there', async () => {
    arm();
    const { calls, screen } = await launch({ codes: { prestage: 2 } });
    expect(calls).toEqual([`prestage selftest --out ${REPORT}`, ...LEFT]);
    expect(screen).toContain(`The report of this self-test: ${REPORT}`);
  });

  test('does it once: a report that is there is kept', async () => {
    arm();
    writeFileSync(path.join(logs, 'selftest.json'), '{}');
    const { calls } = await launch({ codes: { prestage: 40 } });
    expect(calls[0]).toBe('prestage deploy');
  });

  test('on a stick with no prestaged media the report lies on the stick', async () => {
    arm();
    rmSync(path.join(drive, '_SMSTaskSequence'), { recursive: true });
    mkdirSync(path.join(drive, 'sources'));
    writeFileSync(path.join(drive, 'sources/boot.wim'), '');
    const { calls } = await launch({ codes: { prestage: 2 } });
    expect(calls[0]).toBe('prestage selftest --out C:\\prestage-selftest.json');
  });
});
