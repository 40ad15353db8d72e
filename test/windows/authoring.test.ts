// A depot with Windows: the Windows executable lays media onto two volumes, proves them, and leaves the receipt that first boot believes; and what
// it prints for depots with their own tools is what those tools are given.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { receiptSchema } from '../../agent/media/receipt.ts';
import { newKeyPair } from '../../agent/trust/keys.ts';
import { makeSmallSite, mediaOfDepot, type SmallSite } from '../support/small-site.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { bootWindowsPe } from '../support/windows-systems.ts';
import { layWimgapi, PRESTAGE_EXE, type WineResult, type WineSession } from '../support/wine.ts';

const folder = tempFolder('windows-authoring');
const at = (...names: readonly string[]): string => path.join(folder, ...names);
const depot = newKeyPair();
const WIM = 'D:\\our media\\depot.wim';
const KEY = ['--key', 'D:\\media.pub'];
// Wine calls every drive NTFS: the EFI system partition is a folder, as for a rehearsal.
const ESP = 'D:\\esp';
let site: SmallSite;
let session: WineSession;

const prestage = (...words: readonly string[]): Promise<WineResult> =>
  session.run('D:\\prestage.exe', ['media', ...words]);

beforeAll(async () => {
  site = await makeSmallSite(at('site'), mediaOfDepot(depot.public, 'required'));
  for (const name of ['depot/our media', 'depot/esp', 'not-fat', 'volume', 'records'])
    await mkdir(at(name), { recursive: true });
  for (const name of (await readdir(site.folder)).filter(each => each.startsWith('depot.wim')))
    await copyFile(path.join(site.folder, name), at('depot/our media', name));
  await copyFile(path.join(site.site, 'keys/media.pub'), at('depot/media.pub'));
  writeFileSync(at('depot/depot.pem'), depot.pem);
  await copyFile(PRESTAGE_EXE, at('depot/prestage.exe'));
  layWimgapi(at('depot'));
  session = await bootWindowsPe({
    prefix: at('winpe'),
    drives: { d: at('depot'), s: at('not-fat'), w: at('volume'), r: at('records') },
    firmware: { product_serial: 'PF-42', sys_vendor: 'Contoso' },
  });
});
afterAll(async () => {
  await session?.close();
  await site?.close();
});

describe('media apply', () => {
  const apply = ['apply', WIM, '--esp', ESP, '--volume', 'W:\\', ...KEY];

  test('names the volumes and writes nothing until it is confirmed', async () => {
    const { code, stderr } = await prestage(...apply);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('USAGE-12') });
    expect(stderr).toContain(`ESP ${ESP}: a folder`);
    expect(stderr).toMatch(/volume W:[\\]+: NTFS/);
    expect(await readdir(at('volume'))).toEqual([]);
  });

  test('refuses an EFI system partition that firmware cannot read', async () => {
    const words = ['--esp', 'S:\\', '--volume', 'W:\\', ...KEY, '--yes'];
    const { code, stderr } = await prestage('apply', WIM, ...words);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('USAGE-09') });
    expect(stderr).toContain('FAT32');
  });

  test('lays both when it is', async () => {
    const { code, stdout, stderr } = await prestage(...apply, '--yes');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain('Prove it with: prestage media verify W:\\ --esp D:\\esp');
    expect(existsSync(at('depot/esp/EFI/BOOT/BOOTX64.EFI'))).toBe(true);
    expect(existsSync(at('volume/_SMSTaskSequence/Prestage/media.json'))).toBe(true);
  });
});

describe('media verify', () => {
  test('leaves a receipt for this computer, by the serial number of its firmware', async () => {
    const { code, stdout, stderr } = await prestage(
      'verify',
      'W:\\',
      ...['--esp', ESP, ...KEY, '--receipt-key', 'D:\\depot.pem', '--this-machine'],
      ...['--receipt-out', 'D:\\records\\PF-42.json'],
    );
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toMatch(/The media arrived whole\.\r?\nReceipt: depot key .*serial number PF-42/);
    const bytes = readFileSync(at('depot/esp/EFI/Prestage/receipt.json'));
    expect(receiptSchema.parse(JSON.parse(bytes.toString()))).toMatchObject({ serialNumber: 'PF-42' });
    expect(readFileSync(at('depot/records/PF-42.json')).equals(bytes)).toBe(true);
  });

  test('finds the byte that is not as it was signed, and leaves the receipt of before', async () => {
    const file = at('volume/_SMSTaskSequence/Packages/CON00003/run.cmd');
    const right = readFileSync(file);
    writeFileSync(file, right.toString().replace('@', 'X'));
    const { code, stdout } = await prestage('verify', 'W:\\', '--esp', ESP, ...KEY);
    writeFileSync(file, right);
    expect({ code, stdout }).toMatchObject({ code: 30, stdout: expect.stringContaining('FAIL') });
  });
});

test('media inspect shows media and receipt of the volume, and what a WIM is', async () => {
  const volume = await prestage('inspect', 'W:\\', ...KEY);
  expect(volume).toMatchObject({ code: 0, stdout: expect.stringContaining('Made by A. Admin') });
  const file = await prestage('inspect', WIM, ...KEY, '--json');
  expect(file.code, file.stderr).toBe(0);
  expect(JSON.parse(file.stdout)).toMatchObject({ kind: 'file', doubts: [], validity: 'valid' });
});

test('media commands: what is printed reaches diskpart and DISM word by word', async () => {
  const printed = await prestage('commands', WIM, '--disk', '1', ...KEY, '--json');
  expect(printed.code, printed.stderr).toBe(0);
  const { commands } = JSON.parse(printed.stdout) as { commands: { command: string }[] };
  const lines = commands.map(({ command }) => command).filter(each => /^(diskpart|dism) /.test(each));
  expect(lines).toHaveLength(3);
  writeFileSync(at('depot/depot.cmd'), ['@echo off', ...lines, ''].join('\r\n'));
  const before = recorded().length;
  await session.run('cmd', ['/c', 'D:\\depot.cmd']);
  const switches = ['/CheckIntegrity', '/Verify'];
  expect(recorded().slice(before)).toEqual([
    { tool: 'diskpart', args: ['/s', 'depot.diskpart.txt'] },
    {
      tool: 'dism',
      args: ['/Apply-Image', `/ImageFile:${WIM}`, '/Index:1', '/ApplyDir:S:\\', ...switches],
    },
    {
      tool: 'dism',
      args: ['/Apply-Image', `/ImageFile:${WIM}`, '/Index:2', '/ApplyDir:W:\\', ...switches],
    },
  ]);
});

function recorded(): readonly { readonly tool: string; readonly args: readonly string[] }[] {
  const file = at('records/winpe.ndjson');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map(line => JSON.parse(line)).map(({ tool, args }) => ({ tool, args }));
}
