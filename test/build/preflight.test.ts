// The pre-flight: what the Windows executable needs from a boot image, told before anybody starts it there.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { at, NODE } from '../../scripts/setup/place.mjs';
import { run } from '../../scripts/setup/program.mjs';

/** What node.exe 24 and ffi-rs 1.3.7 import by file; a new version that needs more fails here first. */
const NEEDED = [
  'advapi32',
  'bcryptprimitives',
  'crypt32',
  'dbghelp',
  'iphlpapi',
  'kernel32',
  'ntdll',
  'ole32',
  'shell32',
  'user32',
  'userenv',
  'winmm',
  'ws2_32',
];

const folder = mkdtempSync(join(tmpdir(), 'preflight-'));
const image = join(folder, 'boot.wim');

beforeAll(async () => {
  for (const [name, dlls] of [
    ['whole', NEEDED],
    ['lacking', NEEDED.filter(dll => dll !== 'dbghelp' && dll !== 'winmm')],
  ] as const) {
    const system32 = join(folder, name, 'Windows', 'System32');
    mkdirSync(system32, { recursive: true });
    for (const dll of dlls) writeFileSync(join(system32, `${dll.toUpperCase()}.dll`), '');
    await run('wimlib-imagex', [name === 'whole' ? 'capture' : 'append', join(folder, name), image, name]);
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

function preflight(...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(NODE, [at('scripts/preflight.mjs'), ...words], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('lists what node.exe and the add-on import, API sets apart', () => {
  const { status, stdout } = preflight();
  expect(status).toBe(0);
  const atLoad = [...stdout.matchAll(/at load +(.*)/g)].flatMap(([, names]) => names?.split(' '));
  expect([...new Set(atLoad)].sort()).toEqual(NEEDED.map(dll => `${dll}.dll`));
  expect(stdout).toMatch(/API sets +api-ms-win-core-synch-l1-2-0\.dll/);
});

test('finds everything in an image that has it, in whatever case it is spelt', () => {
  expect(preflight('--boot-wim', image)).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('all in'),
  });
});

test('names what an image lacks and fails', () => {
  const { status, stdout } = preflight('--boot-wim', image, '--index', '2');
  expect(status).toBe(1);
  expect(stdout).toContain('image 2: dbghelp.dll winmm.dll');
});

test('fails on a file that is no WIM', () => {
  writeFileSync(join(folder, 'text.wim'), 'text');
  const { status, stderr } = preflight('--boot-wim', join(folder, 'text.wim'));
  expect(status).toBe(1);
  expect(stderr).toContain('text.wim');
});
