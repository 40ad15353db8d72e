import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import {
  DEBIAN_PACKAGES,
  missingTool,
  NO_HOST_TOOLS,
  openHostTools,
} from '../../agent/machine/host-tools.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('host-tools');
const bin = path.join(folder, 'bin');
mkdirSync(bin);

/** A program of that name that the tools find first. */
function program(name: string, script: string): void {
  writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(path.join(bin, name), 0o755);
}

const tools = openHostTools({ PATH: bin, HOME: '/root', SECRET: 'in the environment' });

test('what a program says and its exit code come back; no shell reads its arguments', async () => {
  program('say', 'echo "$1"; echo oops >&2; exit 7');
  expect(await tools.run('say', ['$HOME; `id` *'])).toEqual({
    exitCode: 7,
    stdout: '$HOME; `id` *\n',
    stderr: 'oops\n',
  });
});

test('a program speaks English, keeps every letter, and gets nothing else of the environment', async () => {
  program('list', 'env');
  const { stdout } = await tools.run('list', []);
  expect(stdout).toContain('LC_ALL=C.UTF-8\n');
  expect(stdout).not.toContain('SECRET');
});

test('a program is found where only root looks', async () => {
  expect((await openHostTools({}).run('sgdisk', ['--version'])).exitCode).toBe(0);
});

test('a program that is missing is told with its Debian package and the command that brings it', async () => {
  const nowhere = openHostTools({ PATH: bin });
  const missing = await faultOf(nowhere.run('mkfs.no-such-thing', []));
  expect(missing).toMatchObject({ code: 'USAGE-20', subject: 'mkfs.no-such-thing' });
  expect(missingTool('mcopy', 'mtools').detail).toEqual({
    debianPackage: 'mtools',
    install: 'apt-get install --no-install-recommends mtools',
  });
  const patterns = Object.keys(DEBIAN_PACKAGES).map(name => `*bin/${name}`);
  const { stdout } = await nowhere.run('dpkg', ['-S', ...patterns]);
  for (const [name, debianPackage] of Object.entries(DEBIAN_PACKAGES))
    expect(stdout).toMatch(new RegExp(`^${debianPackage}: .*bin/${name}$`, 'm'));
});

test('a system without these tools refuses each of them, without the advice of another', async () => {
  const refused = await faultOf(NO_HOST_TOOLS.run('mcopy', []));
  expect(refused).toMatchObject({ code: 'USAGE-10', subject: 'mcopy', detail: { expected: 'Linux' } });
});

test('input is given, output is kept to its last 64 KiB', async () => {
  const input = Buffer.alloc(300_000, 'x');
  input.write('end', 299_997);
  program('pass', 'cat');
  const { stdout } = await tools.run('pass', [], { input });
  expect(stdout.length).toBe(65_536);
  expect(stdout.endsWith('xend')).toBe(true);
});

test('a stop ends the program, and is told as a stop', async () => {
  program('wait', `sleep 30 & wait; touch ${folder}/ended-by-itself`);
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 100);
  const began = performance.now();
  expect(await faultOf(tools.run('wait', [], { signal: stop.signal }))).toMatchObject({ code: 'STOP-01' });
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(existsSync(path.join(folder, 'ended-by-itself'))).toBe(false);
});
