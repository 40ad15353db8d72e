// What `npm run boot-image` leaves when it is stopped, killed, or has no room: what was at the destination before, and nothing half-made.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { NODE } from '../../scripts/setup/place.mjs';
import { runPrestage } from '../blackbox/run-prestage.ts';
import { lastWords, runBootImage, SCRIPT, writeAgentConfig } from '../support/run-boot-image.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { readTree, writeTree } from '../support/wim-kit.ts';
import { captureBootWim, layWindowsPe } from '../support/windows-pe-kit.ts';

const cwd = tempFolder('boot-image-stops');
const at = (...names: readonly string[]) => path.join(cwd, ...names);
const PATIENCE = { timeout: 120_000 };
const words = (to: string) => ['--from', 'boot.wim', '--config', 'agent.yaml', '--to', to];

beforeAll(async () => {
  await layWindowsPe(at('pe'));
  // LZX, so that there is time to stop it.
  await captureBootWim(at('boot.wim'), [{ folder: at('pe') }]);
  writeAgentConfig(at('agent.yaml'));
});

/** Starts a run and waits until Prestage is being put into boot.wim. */
async function startUntilBusy(to: string, program = NODE) {
  const child = spawn(program, [SCRIPT, ...words(to)], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (piece: Buffer) => {
    said += piece.toString();
  });
  const ended = once(child, 'close');
  const until = performance.now() + 60_000;
  while (!said.includes('put Prestage into boot.wim') && child.exitCode === null && performance.now() < until)
    await new Promise(resolve => setTimeout(resolve, 20));
  return { child, ended, said: () => said };
}

/** An earlier result, which is to stay. */
const earlier = (to: string) =>
  writeTree(at(to), { 'boot-image.json': '{}', 'media/sources/boot.wim': 'earlier' });

test.each([
  ['Ctrl-C', 'SIGINT', 130],
  ['a request to end', 'SIGTERM', 143],
] as const)(
  '%s ends it at once, says so, and leaves what was there',
  PATIENCE,
  async (_, signal, expected) => {
    await earlier(`to-${signal}/out`);
    const before = await readTree(at(`to-${signal}`));
    const { child, ended, said } = await startUntilBusy(`to-${signal}/out`);
    expect(readdirSync(at(`to-${signal}`))).toContain('out.making');
    const asked = performance.now();
    child.kill(signal);
    const [code] = await ended;
    expect(performance.now() - asked).toBeLessThan(5000);
    expect(code).toBe(expected);
    expect(said()).toMatch(/Stopped; \S+out is as it was\.\n$/);
    expect(await readTree(at(`to-${signal}`))).toEqual(before);
  },
);

test('an older Node passes the stop on to the one that works', PATIENCE, async () => {
  // As Node 20, which has no TypeScript, hands the work to the pinned one.
  const old = at('old-node');
  writeFileSync(old, `#!/bin/sh\nexec ${NODE} --no-experimental-strip-types "$@"\n`, { mode: 0o755 });
  const { child, ended, said } = await startUntilBusy('to-old/out', old);
  child.kill('SIGINT');
  const [code] = await ended;
  expect({ code, said: said() }).toMatchObject({ code: 130, said: expect.stringContaining('Stopped;') });
  expect(readdirSync(at('to-old'))).toEqual([]);
});

test('after a kill the next run clears what was left; two runs at once are not let', PATIENCE, async () => {
  const { child, ended } = await startUntilBusy('to-kill/out');
  const second = await runBootImage(words('to-kill/out'), { cwd });
  expect(second.code).toBe(1);
  expect(lastWords(second)).toMatch(
    /Another run is making \S+to-kill\/out; nothing was changed\. Wait for it/,
  );
  child.kill('SIGKILL');
  await ended;
  expect(readdirSync(at('to-kill'))).toEqual(['out.making']);
  // A cut between the two renames: the earlier result has its other name.
  await earlier('to-kill/out.old');
  const refused = await runBootImage([...words('to-kill/out'), '--index', '7'], { cwd });
  expect(lastWords(refused)).toContain('boot.wim has no image 7');
  expect(readdirSync(at('to-kill'))).toEqual(['out']);
  expect(readFileSync(at('to-kill/out/media/sources/boot.wim'), 'utf8')).toBe('earlier');
});

/** A run whose destination lies on a tmpfs of its own, in a mount namespace. */
async function runOnSmallVolume(name: string, options: string) {
  mkdirSync(at(name));
  const script = at(`${name}.sh`);
  writeFileSync(
    script,
    `set -e\ncd "$1"\nmount -t tmpfs -o ${options} tmpfs ${name}\nshift\nset +e\n"$@"\necho "code $?, $(ls -A ${name} | wc -l) files"\n`,
  );
  const own = process.getuid?.() === 0 ? ['-m'] : ['-r', '-m'];
  const command = [NODE, SCRIPT, ...words(`${name}/out`)];
  return runPrestage([...own, 'sh', script, cwd, ...command], { cwd }, 'unshare');
}

test('too little space is told before anything is written', PATIENCE, async () => {
  const { stdout, stderr } = await runOnSmallVolume('small', 'size=8m');
  expect(stderr).toMatch(
    /\n\nThere is too little space at \S+small: \d{3} MB may be needed, 9 MB are free; nothing was made\. Free some, or give a folder on another disk with --to\.\n$/,
  );
  expect(stdout).toBe('code 1, 0 files\n');
  expect(existsSync(at('small/out'))).toBe(false);
});

// Inodes run out as bytes do (ENOSPC), but are not counted before.
test.each([
  ['wimlib writes', 10, 'pre-flight: failed'],
  ['files are laid out', 14, 'pre-flight'],
])('a disk that becomes full while %s is told, and left as it was', PATIENCE, async (_, inodes, last) => {
  const { stdout, stderr } = await runOnSmallVolume(`full-${inodes}`, `size=900m,nr_inodes=${inodes}`);
  expect(stderr).toMatch(
    /\n\nThe disk became full while .*; nothing was put in place\. Free space, or .*--to\.\n$/,
  );
  expect(stderr.split('\n\n')[0]!.endsWith(last)).toBe(true);
  expect(stdout).toBe('code 1, 0 files\n');
});
