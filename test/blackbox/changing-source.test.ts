// Somebody writes to a source while it is published: real processes, real files, nothing that waits for the other.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { laySite, noise } from '../support/site-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, writeTree } from '../support/wim-kit.ts';
import { edit, PUBLISH } from './authoring-case.ts';
import { expectRefusal } from './judge.ts';
import { runPrestage } from './run-prestage.ts';
import { snapshotOf } from './snapshot.ts';

const folder = tempFolder('changing-source');
const at = (...names: readonly string[]): string => path.join(folder, ...names);

const FILES = 'site/content/CON00003/files';

/** Large enough that reading it takes many turns of the writer. */
const BIG_BYTES = 32_000_000;

beforeAll(async () => {
  await writeTree(at('tree'), { 'Windows/win.ini': '[fonts]\r\n' });
  await captureWim(at('os.wim'), [{ folder: at('tree'), name: 'Windows', properties: ['WINDOWS/ARCH=9'] }], {
    compression: 'none',
  });
  await laySite(at('good/site'), readFileSync(at('os.wim')), {
    'content/CON00003/files/big.bin': noise(BIG_BYTES, 7),
    'content/CON00003/files/sub/a.txt': 'a',
    'content/CON00003/files/log.txt': 'line\n',
    ...Object.fromEntries(
      Array.from({ length: 600 }, (_, each) => [`content/CON00003/files/many/${each + 1}.txt`, 'x']),
    ),
  });
  expect(await runPrestage(PUBLISH, { cwd: at('good') })).toMatchObject({ code: 0 });
});

/** A shell that repeats `turn` in the source until it is ended; it has begun when this resolves. */
async function writing(source: string, turn: string): Promise<() => Promise<void>> {
  const shell = spawn('sh', ['-c', `n=0; while :; do n=$((n+1)); ${turn}; echo; done`], {
    cwd: source,
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  const ended = once(shell, 'close');
  await once(shell.stdout.resume(), 'data').catch(() => {
    throw new Error('the writer did not begin');
  });
  return async () => {
    if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGKILL');
    await ended;
  };
}

test.each([
  { what: 'grows', turn: 'echo more >> log.txt; sleep 0.005' },
  { what: 'is written over in place, as long as before', turn: 'printf "%04d\n" $n > log.txt; sleep 0.005' },
  { what: 'is exchanged by a rename', turn: 'echo $n > .new; mv .new log.txt; sleep 0.005' },
  { what: 'goes after the other', turn: 'rm -f many/$n.txt; sleep 0.005' },
  { what: 'gets shorter and longer', turn: `truncate -s 1000000 big.bin; truncate -s ${BIG_BYTES} big.bin` },
  { what: 'has more and more files beside it', turn: 'echo x > new-$n.txt; sleep 0.005' },
  { what: 'is in a folder that is renamed', turn: 'mv sub* sub-$n; sleep 0.005' },
])(
  'a source in which a file $what is refused; what was published stays, and later it is published',
  async ({ turn }) => {
    const place = at('place');
    rmSync(place, { recursive: true, force: true });
    cpSync(at('good'), place, { recursive: true });
    const source = path.join(place, FILES);
    edit(place, 'site/content/CON00003/content.yaml', '"7"', '"8"');
    const before = snapshotOf(path.join(place, 'point'));
    const stop = await writing(source, turn);
    try {
      const ended = await runPrestage([...PUBLISH, '--json'], { cwd: place });
      expectRefusal(ended, { exitCode: 2, fault: 'USAGE-13', subject: FILES });
    } finally {
      await stop();
    }
    expect(snapshotOf(path.join(place, 'point'))).toEqual(before);
    rmSync(source, { recursive: true });
    cpSync(at('good', FILES), source, { recursive: true });
    expect(await runPrestage(PUBLISH, { cwd: place })).toMatchObject({ code: 0 });
  },
);
