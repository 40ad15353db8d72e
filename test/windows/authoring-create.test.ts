// An admin with Windows: the Windows executable makes a site and its keys, publishes to a share and makes media with wimgapi.dll. What came out is
// judged by other tools and by the Linux executable: documents, digests and signatures are the same on both systems.
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { layBootImage } from '../../scripts/sample/boot-image.mjs';
import { runPrestage } from '../blackbox/run-prestage.ts';
import { snapshotOf } from '../blackbox/snapshot.ts';
import { tool } from '../support/raw-disk.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, writeTree } from '../support/wim-kit.ts';
import { layWimgapi, PRESTAGE_EXE, type WineResult, type WineSession, wineForFile } from '../support/wine.ts';

const folder = tempFolder('windows-admin');
const at = (...names: readonly string[]): string => path.join(folder, ...names);
const SHARE = '\\\\dp01\\prestage';
const WIM = 'D:\\our media\\depot.wim';
const DEEP = `deep/${Array.from({ length: 12 }, (_, depth) => `a folder of some length ${depth}`).join('/')}`;
let session: WineSession;
let close: () => Promise<void>;

/** Runs the Windows executable; what it printed stands in the message where it ended otherwise than expected. */
async function prestage(words: readonly string[], expected = 0): Promise<WineResult> {
  const ended = await session.run('D:\\prestage.exe', words);
  expect(ended.code, `prestage ${words.join(' ')}\n${ended.stdout}\n${ended.stderr}`).toBe(expected);
  return ended;
}

async function onLinux(words: readonly string[], expected = 0): Promise<string> {
  const ended = await runPrestage(words, { cwd: folder });
  expect(ended.code, `prestage ${words.join(' ')}\n${ended.stdout}\n${ended.stderr}`).toBe(expected);
  return ended.stdout;
}

beforeAll(async () => {
  await mkdir(at('point'), { recursive: true });
  await mkdir(at('admin/our media'), { recursive: true });
  await writeTree(at('tree'), {
    'Windows/System32/ntoskrnl.exe': 'kernel '.repeat(50_000),
    'Users/Ü.txt': 'Ü',
  });
  await captureWim(at('admin/install.wim'), [
    { folder: at('tree'), name: 'Windows 11', properties: ['WINDOWS/ARCH=9', 'WINDOWS/VERSION/BUILD=26100'] },
  ]);
  await copyFile(PRESTAGE_EXE, at('admin/prestage.exe'));
  layWimgapi(at('admin'));
  ({ session, close } = wineForFile({ drives: { d: at('admin') } }));
  // Where Wine looks for \\dp01\prestage.
  mkdirSync(path.join(session.prefix, 'dosdevices/unc/dp01'), { recursive: true });
  symlinkSync(at('point'), path.join(session.prefix, 'dosdevices/unc/dp01/prestage'));
});
afterAll(() => close?.());

describe('a site', () => {
  test('is made with its keys, and more keys by their own command', async () => {
    await prestage(['init', 'D:\\site', '--site', 'LAB', '--url', 'http://dp.example/']);
    await prestage(['keys', 'new', 'depot', '--in', 'D:\\site\\keys']);
    const key = readFileSync(at('admin/site/keys/media.pub'), 'utf8').trim();
    await layBootImage(at('admin/boot image'), [key]);
    const images = ['--os-image', 'D:\\install.wim', '--boot-image', 'D:\\boot image'];
    const { stdout } = await prestage(['init', 'D:\\site', ...images]);
    expect(stdout).toContain('prestage publish D:\\site --to D:\\site-dp');
    const { stdout: shown } = await prestage(['keys', 'show', 'D:\\site\\keys']);
    for (const name of ['policy', 'media', 'depot']) expect(shown).toContain(name);
  });

  test('takes names that Windows can hold, however deep they lie', async () => {
    await writeTree(at('admin/site/content/LAB00100/files'), {
      'install.cmd': '@exit /b 0\r\n',
      'Ünï 日本語/😀 résumé.txt': 'kept',
      [`${DEEP}/leaf.txt`]: 'deeper than MAX_PATH',
      'read-only.txt': 'not to be changed',
      'empty.txt': '',
    });
    chmodSync(at('admin/site/content/LAB00100/files/read-only.txt'), 0o444);
    writeFileSync(
      at('admin/site/content/LAB00100/content.yaml'),
      'id: LAB00100\ntype: package\nname: Names\nversion: "1"\nsource: files\ninstall: [{ command: install.cmd }]\n',
    );
    const [sequence = ''] = (await readdir(at('admin/site/task-sequences'))).filter(name =>
      name.endsWith('.yaml'),
    );
    const file = at('admin/site/task-sequences', sequence);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(/^packages: \[/m, 'packages: [LAB00100, '));
    expect(readFileSync(file, 'utf8')).not.toBe(text);
  });
});

describe('publish', () => {
  const outcomes = async (words: readonly string[]): Promise<readonly string[]> => {
    const { stdout } = await prestage(['publish', 'D:\\site', '--to', SHARE, '--json', ...words]);
    const { items } = JSON.parse(stdout) as { items: { outcome: string }[] };
    return items.map(({ outcome }) => outcome);
  };

  test('writes to a share, and finds everything unchanged by a look the second time', async () => {
    expect(new Set(await outcomes([]))).toEqual(new Set(['published']));
    expect(new Set(await outcomes([]))).toEqual(new Set(['unchanged']));
    expect(new Set(await outcomes(['--rehash']))).toEqual(new Set(['unchanged']));
  });

  test('gives every item the digest that Linux gives it, in documents without a backslash', async () => {
    await onLinux(['publish', 'admin/site', '--to', 'linux-point']);
    const content = (point: string) => {
      const { serial } = JSON.parse(readFileSync(at(point, 'policy/current.json'), 'utf8')) as {
        serial: number;
      };
      const policy = readFileSync(at(point, `policy/${serial}/policy.json`), 'utf8');
      return (JSON.parse(policy) as { content: unknown }).content;
    };
    expect(content('point')).toEqual(content('linux-point'));
    expect(snapshotOf(at('point/content'))).toEqual(snapshotOf(at('linux-point/content')));
  });
});

describe('media create', () => {
  test('makes a WIM of two images through wimgapi.dll, with a bill and nothing left over', async () => {
    const words = ['media', 'create', 'D:\\site', 'depot', '--from', SHARE, '--to', WIM];
    const { stdout } = await prestage([...words, '--agent', 'D:\\prestage.exe']);
    expect(stdout).toContain('LAB00100');
    expect((await readdir(at('admin/our media'))).sort()).toEqual([
      'depot.wim',
      'depot.wim.json',
      'depot.wim.json.sig',
      'depot.wim.media.json',
      'depot.wim.media.json.sig',
    ]);
    const again = await prestage(words, 2);
    expect(again.stderr).toContain('USAGE-09');
  });

  test('which other tools find whole: names, integrity table, boot files, every file of the content', async () => {
    const wim = at('admin/our media/depot.wim');
    await tool('wimlib-imagex', ['verify', wim]);
    const info = await tool('wimlib-imagex', ['info', wim]);
    expect(info).toMatch(/^Image Count:\s+2$/m);
    expect(info).toMatch(/^Attributes:.*Integrity info/m);
    expect(info).toMatch(/^Boot Index:\s+0$/m);
    expect(info).toMatch(/^Compression:\s+XPRESS$/m);
    expect([...info.matchAll(/^Name:\s+(.*)$/gm)].map(([, name]) => name)).toEqual([
      'Prestage ESP',
      'Prestage volume',
    ]);
    expect(info).toMatch(/^Description:\s+EFI system partition of depot [0-9a-f-]{36}$/m);
    await tool('wimlib-imagex', ['apply', wim, '1', at('esp')]);
    await tool('wimlib-imagex', ['apply', wim, '2', at('volume')]);
    expect(snapshotOf(at('esp'))).toEqual(snapshotOf(at('admin/boot image')));
    const packages = at('volume/_SMSTaskSequence/Packages');
    expect(snapshotOf(path.join(packages, 'LAB00100'))).toEqual(
      snapshotOf(at('admin/site/content/LAB00100/files')),
    );
    expect(existsSync(path.join(packages, 'LAB00100', DEEP, 'leaf.txt'))).toBe(true);
  });

  test('and the Linux executable applies and proves', async () => {
    const key = ['--key', 'admin/site/keys/media.pub'];
    const wim = 'admin/our media/depot.wim';
    expect(JSON.parse(await onLinux(['media', 'inspect', wim, ...key, '--json']))).toMatchObject({
      kind: 'file',
      doubts: [],
    });
    await onLinux(['media', 'apply', wim, '--to', 'disk', ...key, '--yes']);
    const proof = JSON.parse(await onLinux(['media', 'verify', 'disk', ...key, '--json']));
    expect(proof).toMatchObject({ sound: true });
  });
});

describe('a raw disk image', () => {
  const key = ['--key', 'D:\\site\\keys\\media.pub'];

  test('is made on Linux alone', async () => {
    const words = ['media', 'apply', WIM, '--disk-image', 'D:\\disk.img', ...key, '--yes'];
    const { stderr } = await prestage(words, 2);
    expect(stderr).toContain('USAGE-10');
    expect(existsSync(at('admin/disk.img'))).toBe(false);
  });

  test('is proven on Windows as well; only a receipt cannot be laid into it there', async () => {
    const pinned = ['--key', 'admin/site/keys/media.pub', '--yes'];
    await onLinux([
      ...['media', 'apply', 'admin/our media/depot.wim'],
      ...['--disk-image', 'admin/disk.img', ...pinned],
    ]);
    const verify = ['media', 'verify', 'D:\\disk.img', ...key];
    const { stdout } = await prestage([...verify, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ sound: true });
    const receipt = ['--receipt-key', 'D:\\site\\keys\\depot.pem', '--serial', 'PF-42'];
    const { stderr } = await prestage([...verify, ...receipt], 2);
    expect(stderr).toContain('USAGE-10');
    expect(stderr).not.toContain('apt-get');
  });
});
