// Replacing a computer with the executable alone, as an admin and two technicians do it: keys, association, publishing, media, capture on the old
// computer, deployment of the new one, to the closed association.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FolderServer, serveFolder } from '../../agent/server/serve-folder.ts';
import { filesBelow } from '../support/content-kit.ts';
import { REPLACE_SEQUENCE } from '../support/replace-site.ts';
import { laySite, layTree } from '../support/site-kit.ts';
import { layProfiles } from '../support/state-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, readTree, writeTree } from '../support/wim-kit.ts';
import { expectRefusal } from './judge.ts';
import { runPrestage } from './run-prestage.ts';

const folder = tempFolder('replace-by-hand');
const at = (...names: readonly string[]): string => path.join(folder, ...names);
let server: FolderServer;
beforeAll(async () => {
  await writeTree(at('tree'), {
    'Windows/System32/ntoskrnl.exe': 'kernel',
    'Windows/win.ini': '[fonts]\r\n',
  });
  await captureWim(at('os.wim'), [{ folder: at('tree'), name: 'Windows', properties: ['WINDOWS/ARCH=9'] }], {
    compression: 'none',
  });
  await writeTree(at('point'), {});
  await writeTree(at('store'), { 'readme.txt': 'stores of all associations\n' });
  server = await serveFolder({ folder: at('point'), port: 0, host: '127.0.0.1', observe: () => {} });
  const url = `${server.url}/`;
  await laySite(at('site'), await readFile(at('os.wim')), {
    'site.yaml': {
      site: 'CON',
      name: 'Contoso',
      distributionPoints: [{ url, priority: 1 }],
      managementPoints: [url],
      keys: { policy: 'policy', media: 'media' },
    },
    'content/CON00006/content.yaml': {
      id: 'CON00006',
      type: 'package',
      name: 'Tool',
      version: '3',
      source: 'files',
      install: [{ command: 'tool.cmd' }],
    },
    'content/CON00006/files/tool.cmd': '@exit /b 0\r\n',
    'task-sequences/CON00020.yaml': REPLACE_SEQUENCE,
  });
  for (const [name, serial] of [
    ['old', 'OLD-1'],
    ['other', 'OTHER-1'],
  ] as const)
    layTree(at(name), { 'machine.json': JSON.stringify({ facts: { serial } }) });
  await layProfiles(at('old/volumes/windows'));
  await layProfiles(at('other/volumes/windows'));
});
afterAll(() => server?.close());

async function prestage(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runPrestage(words, { cwd: folder });
  expect(code, `prestage ${words.join(' ')}\n${stderr}`).toBe(0);
  return stdout;
}

test('the admin makes key, association, policy and media', async () => {
  await prestage('keys', 'new', 'machine', '--machine', '--in', 'site/keys');
  const associated = JSON.parse(
    await prestage(
      ...['associate', 'site', '--from-serial', 'OLD-1', '--to-serial', 'NEW-1'],
      ...['--store', at('store'), '--method', 'files', '--json'],
    ),
  );
  await prestage('publish', 'site', '--to', 'point');
  await prestage('associate', 'site', '--order', associated.id, '--out', 'order.json');
  await prestage('media', 'create', 'site', 'depot', '--to', 'depot.wim', '--from', 'point');
  const key = (await readFile(at('site/keys/media.pub'), 'utf8')).trim();
  await writeTree(folder, { 'agent.yaml': `keys: ["${key}"]\n` });
  await prestage('media', 'apply', 'depot.wim', '--to', 'new', '--key', key, '--yes');
  layTree(at('new'), { 'machine.json': JSON.stringify({ facts: { serial: 'NEW-1' } }) });
  for (const [file, bytes] of Object.entries(await filesBelow(at('point'))))
    expect(Buffer.from(bytes).includes('NEW-1'), file).toBe(false);
});

test('an order for another computer is refused there, and nothing is written', async () => {
  const ended = await runPrestage(
    ['capture', '--order', 'order.json', '--key', await policyKey(), '--disk', 'other', '--json'],
    { cwd: folder },
  );
  expectRefusal(ended, { exitCode: 75, fault: 'STATE-03', subject: /./, says: ['OTHER-1'] });
  expect(Object.keys(await readTree(at('store')))).toEqual(['readme.txt']);
});

test('the technician captures the old computer', async () => {
  const text = await prestage(
    'capture',
    '--order',
    'order.json',
    '--key',
    await policyKey(),
    '--disk',
    'old',
  );
  expect(text).toMatch(/Captured \d+ files/);
});

test('the new computer is deployed, restarts where its sequence says, and has what its people had', async () => {
  const run = (command: string) =>
    runPrestage([command, '--disk', 'new', '--config', 'agent.yaml', '--json'], { cwd: folder });
  for (const [command, code] of [
    ['deploy', 3],
    ['continue', 3],
    ['continue', 0],
  ] as const) {
    const ended = await run(command);
    expect(ended.code, `${command}\n${ended.stderr}`).toBe(code);
  }
  const before = await readTree(at('old/volumes/windows/Users'));
  const after = await readTree(at('new/volumes/windows/Users'));
  const peoples = Object.keys(before).filter(name => !/AppData|NTUSER|desktop\.ini|~\$|Default/.test(name));
  expect(peoples.length).toBeGreaterThan(5);
  for (const name of peoples) expect(after[name], name).toBe(before[name]);
  const closed = Object.keys(await readTree(at('store'))).filter(name => name.endsWith('/closed.json'));
  expect(closed).toHaveLength(1);
  expect(existsSync(at('new/volumes/windows/_SMSTaskSequence'))).toBe(false);
});

test('once restored, the old computer is not captured again', async () => {
  const ended = await runPrestage(
    ['capture', '--order', 'order.json', '--key', await policyKey(), '--disk', 'old', '--json'],
    { cwd: folder },
  );
  expectRefusal(ended, { exitCode: 75, fault: 'STATE-04', subject: /./ });
});

async function policyKey(): Promise<string> {
  return (await readFile(at('site/keys/policy.pub'), 'utf8')).trim();
}
