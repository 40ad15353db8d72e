import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('process-end');
const MAIN = path.join(import.meta.dirname, '../../agent/main.ts');

/** Runs the agent unbuilt; `output` is where its standard output goes. */
async function ended(
  words: readonly string[],
  {
    output = 'pipe',
    flags = [],
  }: { readonly output?: 'pipe' | number; readonly flags?: readonly string[] } = {},
): Promise<{ readonly code: number | null; readonly errors: string }> {
  const child = spawn(process.execPath, [...flags, MAIN, ...words], { stdio: ['ignore', output, 'pipe'] });
  let errors = '';
  child.stderr?.on('data', (piece: Buffer) => {
    errors += piece.toString('utf8');
  });
  // The reader goes at once, as `| head` does.
  child.stdout?.destroy();
  return await new Promise(resolve => child.on('close', code => resolve({ code, errors })));
}

test('a reader that has gone does not end a run: its exit code stands', async () => {
  expect(await ended(['explain'])).toEqual({ code: 0, errors: '' });
});

test('output that a full disk did not take is not told as done', async () => {
  const full = openSync('/dev/full', 'w');
  const { code, errors } = await ended(['explain'], { output: full });
  closeSync(full);
  expect({ code, errors }).toEqual({ code: 50, errors: '' });
});

test('what nobody has caught is BUG-01 with its last screen, like any other fault', async () => {
  const late = 'data:text/javascript,setTimeout(() => { throw new Error("too late") }, 50)';
  const { code, errors } = await ended(['serve', folder, '--port', '0'], { flags: ['--import', late] });
  expect(code).toBe(99);
  expect(errors).toContain('BUG-01');
  expect(errors).toContain('too late');
  expect(errors).toContain('Next: ');
});

test('a command that waits for what cannot come is BUG-01, and not told as done', async () => {
  const unheld =
    'data:text/javascript,import { Server } from "node:net"; const { listen } = Server.prototype;' +
    'Server.prototype.listen = function (...to) { return listen.apply(this, to).unref(); };';
  const { code, errors } = await ended(['serve', folder, '--port', '0'], { flags: ['--import', unheld] });
  expect(code).toBe(99);
  expect(errors).toContain('BUG-01');
  expect(errors).toContain('Next: ');
});
