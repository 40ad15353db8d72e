// The media password as a person types it: the agent in a real pseudo terminal, which would show each key if the agent did not see to it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MEDIA_PASSWORD, makeSmallSite, type SmallSite } from '../support/small-site.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('password-terminal');
let site: SmallSite;
beforeAll(async () => {
  site = await makeSmallSite(path.join(folder, 'site'), {
    differences: {
      'media/depot.yaml': {
        taskSequence: 'CON00020',
        bootImage: 'CON00005',
        createdBy: 'A. Admin',
        password: true,
      },
    },
  });
});
afterAll(() => site?.close());

/** util-linux's script gives the program a terminal of its own. `answers`: what is typed when the screen has shown that, in this order. */
async function atTerminal(
  disk: string,
  answers: readonly (readonly [shown: string, typed: string])[],
): Promise<{ code: number; screen: string }> {
  const line = `stty rows 25 cols 80; exec '${process.execPath}' agent/main.ts plan --disk '${disk}' --config '${site.config}'`;
  const child = spawn('script', ['-qec', line, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  // Sentences are broken between words at the edge of the screen.
  let screen = '';
  let seen = 0;
  const left = [...answers];
  child.stdout.setEncoding('utf8').on('data', text => {
    screen = `${screen}${text}`.replaceAll(/\s+/g, ' ');
    for (let next = left[0]; next !== undefined; next = left[0]) {
      const at = screen.indexOf(next[0], seen);
      if (at < 0) return;
      seen = at + next[0].length;
      child.stdin.write(next[1]);
      left.shift();
    }
  });
  // What was waited for never came: the screen tells what did.
  const patience = setTimeout(() => child.kill('SIGKILL'), 40_000);
  const [code] = await once(child, 'close');
  clearTimeout(patience);
  return { code: Number(code), screen };
}

const ASKED = 'Password of media "depot": ';

test('a wrong password, keys typed ahead and the right one leave nothing on the screen', async () => {
  const disk = path.join(folder, 'right');
  await site.layDisk(disk);
  const { code, screen } = await atTerminal(disk, [
    [ASKED, 'wr\u00f6ng one\r'],
    ['the next one in 1 s.', 'typed ahead\r'],
    [ASKED, `${MEDIA_PASSWORD}x\x7f\r`],
  ]);
  expect(code, screen).toBe(0);
  expect(screen).toContain('(try 1 of 10)');
  expect(screen).toContain('Install Windows (CON00020)');
  expect(screen).not.toMatch(/ng one|typed ahead|correct horse/);
});

test('Ctrl-C at the question leaves with exit code 4, and so it does in the pause after a wrong one', async () => {
  const disk = path.join(folder, 'left');
  await site.layDisk(disk);
  const question = await atTerminal(disk, [[ASKED, 'abc\x03']]);
  expect(question.code, question.screen).toBe(4);
  const pause = await atTerminal(disk, [
    [ASKED, 'wrong\r'],
    ['the next one in 1 s.', '\x03'],
  ]);
  expect(pause.code, pause.screen).toBe(4);
});
