// The admin's and the depot's commands as they are typed, from keys to the proof on the disk.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildProgram } from '../../agent/program.ts';
import { layTree, SITE } from '../support/site-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, writeTree } from '../support/wim-kit.ts';

const folder = tempFolder('authoring');
const MAIN = path.resolve(import.meta.dirname, '../../agent/main.ts');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function prestage(...words: readonly string[]): Promise<Ended> {
  return new Promise(resolve => {
    execFile(process.execPath, [MAIN, ...words], { cwd: folder }, (error, stdout, stderr) => {
      resolve({
        code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1,
        stdout,
        stderr,
      });
    });
  });
}

beforeAll(async () => {
  await writeTree(path.join(folder, 'tree'), { 'Windows/a.txt': 'a' });
  await captureWim(path.join(folder, 'os.wim'), [{ folder: path.join(folder, 'tree'), name: 'OS' }]);
  const wim = readFileSync(path.join(folder, 'os.wim'));
  layTree(path.join(folder, 'site'), {
    ...SITE,
    'content/CON00001/files/install.wim': wim,
    'content/CON00005/files/sources/boot.wim': wim,
  });
});

test('keys, publish, media create, inspect, apply and verify follow each other as typed', async () => {
  const key = await prestage('keys', 'new', 'media', '--in', 'site/keys', '--json');
  expect(JSON.parse(key.stdout)).toMatchObject({
    format: 'prestage-key/1',
    publicKey: expect.stringMatching(/^ed25519:/),
  });
  expect((await prestage('keys', 'new', 'policy', '--in', 'site/keys')).stdout).toContain('To pin');
  expect((await prestage('keys', 'new', 'policy', '--in', 'site/keys')).stderr).toContain('USAGE-09');

  const published = await prestage('publish', 'site', '--to', 'dp');
  expect(published).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/CON00002 +1\.0 +application +published/),
  });
  const again = await prestage('publish', 'site', '--to', 'dp', '--json');
  expect(JSON.parse(again.stdout)).toMatchObject({
    format: 'prestage-publish/1',
    serial: 2,
    items: expect.arrayContaining([expect.objectContaining({ outcome: 'unchanged' })]),
  });

  const created = await prestage('media', 'create', 'site', 'depot', '--from', 'dp', '--to', 'depot.wim');
  expect(created).toMatchObject({ code: 0, stdout: expect.stringContaining('5 items') });

  const inspected = await prestage('media', 'inspect', 'depot.wim', '--key', 'site/keys/media.pub');
  expect(inspected).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('Made by A. Admin'),
  });

  const apply = ['media', 'apply', 'depot.wim', '--to', 'disk', '--key', 'site/keys/media.pub'];
  expect(await prestage(...apply)).toMatchObject({ code: 2, stderr: expect.stringContaining('USAGE-12') });
  expect(existsSync(path.join(folder, 'disk'))).toBe(false);
  expect(await prestage(...apply, '--yes')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('prestage media verify disk --key site/keys/media.pub'),
  });

  // No agent.yaml is there yet: what is missing is a key, not that file.
  expect(await prestage('media', 'verify', 'disk')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--key media.pub, or --config agent.yaml'),
  });
  writeFileSync(
    path.join(folder, 'agent.yaml'),
    `keys: [${readFileSync(path.join(folder, 'site/keys/media.pub'), 'utf8').trim()}]\n`,
  );
  const whole = await prestage('media', 'verify', 'disk', '--config', 'agent.yaml');
  expect(whole).toMatchObject({ code: 0, stdout: expect.stringContaining('The media arrived whole.') });
  writeFileSync(path.join(folder, 'disk/volumes/esp/EFI/BOOT/BOOTX64.EFI'), 'boot manages');
  const worn = await prestage('media', 'verify', 'disk', '--config', 'agent.yaml', '--json');
  expect(worn).toMatchObject({ code: 30, stderr: expect.stringContaining('CONTENT-06') });
  const proof = JSON.parse(worn.stdout);
  expect(proof.files.filter((file: { state: string }) => file.state !== 'present')).toEqual([
    expect.objectContaining({ volume: 'esp', path: 'EFI/BOOT/BOOTX64.EFI', state: 'damaged' }),
  ]);
});

test('a wrong command line and a broken site are refused with exit code 2', async () => {
  expect(await prestage('media', 'apply', 'depot.wim', '--esp', 'x')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--volume'),
  });
  expect(await prestage('media', 'verify', 'mistyped', '--key', `ed25519:${'A'.repeat(43)}=`)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('nothing of this name'),
  });
  expect(await prestage('publish', 'site')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--to'),
  });
  layTree(path.join(folder, 'broken'), { 'site.yaml': 'site: contoso\nname: 1\n' });
  const broken = await prestage('publish', 'broken', '--to', 'dp2');
  expect(broken.code).toBe(2);
  expect(broken.stderr).toContain('site.yaml:1:7 site: expected a site code');
  expect(broken.stderr).toContain('site.yaml:2:7 name: expected text');
  expect(existsSync(path.join(folder, 'dp2'))).toBe(false);
});

test('help is no wider than 80 columns, but for examples', async () => {
  const printed: string[] = [];
  const show = async (words: readonly string[]): Promise<readonly string[]> => {
    printed.length = 0;
    const program = await buildProgram({
      compose: () => Promise.reject(new Error('help needs no effects')),
      print: text => printed.push(text),
      printError: text => printed.push(text),
      exit: () => {},
    });
    await expect(program.parseAsync([...words, '--help'], { from: 'user' })).rejects.toMatchObject({
      exitCode: 0,
    });
    const lines = printed.join('\n').split('\n');
    const wide = lines.filter(line => line.length > 80 && !/^ {2}prestage /.test(line));
    expect(wide, words.join(' ')).toEqual([]);
    const commands = lines
      .slice(lines.indexOf('Commands:'))
      .flatMap(line => /^ {2}([a-z]+) /.exec(line)?.[1] ?? []);
    return lines.includes('Commands:') ? commands : [];
  };
  const seen: string[] = [];
  for (const command of (await show([])).filter(name => name !== 'help'))
    for (const below of ['', ...(await show([command]))].filter(name => name !== 'help')) {
      seen.push(`${command} ${below}`.trim());
      if (below !== '') await show([command, below]);
    }
  expect(seen).toEqual(expect.arrayContaining(['deploy', 'keys revoke', 'media verify']));
});

test.each([
  ['publish'],
  ['media create'],
  ['media apply'],
  ['media verify'],
  ['media inspect'],
  ['keys new'],
])('prestage %s --help shows examples', async command => {
  const printed: string[] = [];
  const program = await buildProgram({
    compose: () => Promise.reject(new Error('help needs no effects')),
    print: text => printed.push(text),
    printError: text => printed.push(text),
    exit: () => {},
  });
  await expect(program.parseAsync([...command.split(' '), '--help'], { from: 'user' })).rejects.toMatchObject(
    { exitCode: 0 },
  );
  expect(printed.join('\n')).toMatch(new RegExp(`Examples:\n {2}prestage ${command} `));
  expect(printed.join('\n')).toContain('--json');
});
