// Help as a person sees it in the WinPE shell: complete, with examples, and no wider than the screen.
import { expect, test } from 'vitest';
import { tempFolder } from '../support/temp-folder.ts';
import { runPrestage } from './run-prestage.ts';

const folder = tempFolder('help');

/** Commands with sub-commands list those; every other shows how it is typed. */
const GROUPS = ['keys', 'media'];
const COMMANDS = [
  'deploy',
  'continue',
  'check',
  'plan',
  'report',
  'explain',
  'publish',
  'keys new',
  'associate',
  'media create',
  'media apply',
  'media commands',
  'media verify',
  'media inspect',
  'capture',
  'serve',
  'rehearse',
  'selftest',
];

test.each(COMMANDS)('prestage %s --help ends well, fits the screen and shows an example', async command => {
  const { code, stdout, stderr } = await runPrestage([...command.split(' '), '--help'], { cwd: folder });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(new RegExp(`^Usage: prestage ${command} `));
  expect(stdout).toMatch(new RegExp(`Examples?:\n {2}prestage ${command}`));
  expect(tooWide(stdout)).toEqual([]);
});

test.each(['', ...GROUPS])('prestage %s --help lists its commands', async group => {
  const words = group === '' ? [] : [group];
  const { code, stdout, stderr } = await runPrestage([...words, '--help'], { cwd: folder });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const below = COMMANDS.map(command => command.split(' ')).filter(
    names => group === '' || names[0] === group,
  );
  for (const names of below) {
    const name = group === '' ? names[0] : names[1];
    expect(stdout).toMatch(new RegExp(`^ {2}${name}( |$)`, 'm'));
  }
  expect(tooWide(stdout)).toEqual([]);
});

test('prestage alone and prestage help COMMAND are help too', async () => {
  const [alone, whole, help, option] = await Promise.all(
    [[], ['--help'], ['help', 'deploy'], ['deploy', '--help']].map(words =>
      runPrestage(words, { cwd: folder }),
    ),
  );
  expect(alone).toEqual(whole);
  expect(help).toEqual(option);
});

test('prestage help media create is the help of that command, not of its group', async () => {
  const [help, option] = await Promise.all(
    [
      ['help', 'media', 'create'],
      ['media', 'create', '--help'],
    ].map(words => runPrestage(words, { cwd: folder })),
  );
  expect(help).toEqual(option);
});

test('every fault that a refusal names can be explained offline', async () => {
  const all = await runPrestage(['explain'], { cwd: folder });
  expect(all.stdout).toContain('NET-04');
  expect(tooWide(all.stdout)).toEqual([]);
  const one = await runPrestage(['explain', 'trust-03', '--json'], { cwd: folder });
  expect(JSON.parse(one.stdout)).toMatchObject({ code: 'TRUST-03', exitCode: 20, title: 'Media expired' });
});

function tooWide(text: string): string[] {
  return text.split('\n').filter(line => line.length > 100);
}
