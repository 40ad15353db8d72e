// The rehearsal machine: the contract, what it records, and how its files steer it.
import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { openFolderMachine } from '../../agent/machine/folder/open-folder-machine.ts';
import type { Machine } from '../../agent/machine/machine.ts';
import { openImaging } from '../../agent/machine/open-imaging.ts';
import { type TemporaryFolder, temporaryFolder, writeTree } from '../support/wim-kit.ts';
import { machineContract } from './machine-contract.ts';

async function rehearsal(): Promise<{ folder: TemporaryFolder; machine: Machine; windows: string }> {
  const folder = await temporaryFolder();
  const windows = folder.join('volumes', 'windows', 'Windows');
  await mkdir(windows, { recursive: true });
  await mkdir(folder.join('volumes', 'esp'), { recursive: true });
  const machine = await openFolderMachine({
    folder: folder.path,
    durable: openDurableFiles(),
    imaging: await openImaging({ system: 'linux' }),
  });
  return { folder, machine, windows };
}

machineContract('the rehearsal machine', async () => {
  const { folder, machine, windows } = await rehearsal();
  const item = folder.join('volumes', 'windows', 'item');
  await writeFile(
    folder.join('exit-codes.json'),
    JSON.stringify(Object.fromEntries([0, 1, 3010, 1641, 70_000].map(code => [`end ${code}`, code]))),
  );
  return {
    machine,
    windows: { here: windows, there: windows },
    imageRoot: path.dirname(windows),
    systemDrive: path.dirname(windows),
    item: { here: item, there: item },
    exitingWith: async code => `end ${code}`,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
});

describe('a rehearsal', () => {
  let folder: TemporaryFolder;
  let machine: Machine;
  let windows: string;

  beforeEach(async () => {
    ({ folder, machine, windows } = await rehearsal());
    return () => folder[Symbol.asyncDispose]();
  });

  const bootStore = async (): Promise<unknown> =>
    JSON.parse(await readFile(folder.join('boot-store.json'), 'utf8'));
  const recorded = async (): Promise<unknown[]> =>
    (await readFile(folder.join('commands.ndjson'), 'utf8'))
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line));

  it('needs a volume', async () => {
    await using empty = await temporaryFolder();
    const opened = openFolderMachine({
      folder: empty.path,
      durable: openDurableFiles(),
      imaging: machine.imaging,
    });
    await expect(opened).rejects.toMatchObject({ code: 'DISK-04' });
  });

  it('keeps the media the default until hand-over, and adds Windows as the last entry', async () => {
    await machine.addBootEntry(windows);
    await machine.addBootEntry(windows);
    expect(await bootStore()).toMatchObject({
      default: 'media',
      entries: [{ id: 'media' }, { windows: 'volumes/windows/Windows' }],
    });
    await machine.makeDefault(windows);
    expect(await bootStore()).toMatchObject({ default: 'volumes/windows/Windows' });
    await machine.retireMediaBootEntry();
    expect(await bootStore()).toMatchObject({ entries: [{ windows: 'volumes/windows/Windows' }] });
  });

  it('refuses what would leave the machine without a start', async () => {
    await expect(machine.makeDefault(windows)).rejects.toMatchObject({ code: 'IMAGE-06' });
    await expect(machine.addBootEntry(`${windows}-absent`)).rejects.toMatchObject({ code: 'IMAGE-06' });
    await expect(machine.retireMediaBootEntry()).rejects.toMatchObject({ code: 'IMAGE-06' });
  });

  it('remembers the boot store beyond the process', async () => {
    await machine.addBootEntry(windows);
    const again = await openFolderMachine({
      folder: folder.path,
      durable: openDurableFiles(),
      imaging: machine.imaging,
    });
    expect(await again.hasBootEntry(windows)).toBe(true);
  });

  it('takes the folder esp for the system volume, and none when there is none', async () => {
    expect(await machine.systemVolume()).toMatchObject({
      label: 'esp',
      fileSystem: 'FAT32',
      id: 'folder:esp',
    });
    await using other = await temporaryFolder();
    await mkdir(other.join('volumes', 'windows'), { recursive: true });
    const bios = await openFolderMachine({
      folder: other.path,
      durable: openDurableFiles(),
      imaging: machine.imaging,
    });
    expect(await bios.systemVolume()).toBeUndefined();
  });

  it('poses as the machine that machine.json describes', async () => {
    await writeFile(
      folder.join('machine.json'),
      JSON.stringify({
        facts: { model: 'Latitude 5450', firmware: 'bios', power: 'battery' },
        volumes: { windows: { freeBytes: 5, kind: 'removable' } },
      }),
    );
    expect(await machine.facts()).toMatchObject({
      manufacturer: 'Prestage',
      model: 'Latitude 5450',
      firmware: 'bios',
      power: 'battery',
      system: 'rehearsal',
    });
    expect((await machine.volumes()).find(volume => volume.label === 'windows')).toMatchObject({
      freeBytes: 5,
      kind: 'removable',
    });
  });

  it('names every mistake of machine.json', async () => {
    await writeFile(folder.join('machine.json'), '{"facts": {"memoryBytes": "lots", "colour": "red"}}');
    await expect(machine.facts()).rejects.toMatchObject({
      code: 'USAGE-02',
      detail: { issues: [expect.stringContaining('memoryBytes'), expect.stringContaining('colour')] },
    });
  });

  it('plays an installer that fails twice and then succeeds', async () => {
    await writeFile(folder.join('exit-codes.json'), JSON.stringify({ 'setup /s': [1618, 1618, 3010] }));
    const run = async (): Promise<unknown> =>
      (await machine.run({ command: 'setup /s', folder: windows, timeoutMs: 1000 })).exitCode;
    expect([await run(), await run(), await run(), await run()]).toEqual([1618, 1618, 3010, 3010]);
  });

  it('plays an installer that does not end in its time, and a question that installs nothing', async () => {
    await writeFile(folder.join('exit-codes.json'), JSON.stringify({ 'setup /s': ['timeout', 0] }));
    const run = (command: string, asksOnly = false) =>
      machine.run({ command, folder: windows, timeoutMs: 1000, asksOnly });
    const rule = { productCode: '{0E6F3A51-9F0C-4D4E-8F5A-2F7D3C1B9A10}' };
    expect(await machine.detects(rule)).toBe(false);
    expect(await run('setup /s')).toEqual({ timedOut: true, stdout: '', stderr: '', rehearsed: true });
    expect(await run('is-there.cmd', true)).toMatchObject({ exitCode: 0, stdout: '' });
    expect(await machine.detects(rule)).toBe(false);
    expect(await run('setup /s')).toMatchObject({ exitCode: 0, timedOut: false });
    expect(await machine.detects(rule)).toBe(true);
    const [, ...programs] = await recorded();
    expect(programs).toMatchObject([
      { kind: 'program', exitCode: 'timeout' },
      { kind: 'question', exitCode: 0 },
      { kind: 'not-detected' },
      { kind: 'program', exitCode: 0 },
    ]);
  });

  it('records programs, drivers, restarts and the end as not really done', async () => {
    await writeTree(folder.join('volumes', 'windows', 'drivers'), {
      'a/net.inf': '',
      'b/DISK.INF': '',
      'b/disk.sys': '',
    });
    await writeTree(folder.join('volumes', 'windows', 'cache'), { 'x/y.txt': '' });
    await machine.run({ command: 'setup /s', folder: folder.join('volumes', 'windows'), timeoutMs: 1000 });
    await machine.addDrivers(folder.join('volumes', 'windows'), folder.join('volumes', 'windows', 'drivers'));
    await machine.restart();
    await machine.retire(folder.join('volumes', 'windows', 'cache'));
    expect(await recorded()).toEqual([
      { kind: 'program', command: 'setup /s', folder: 'volumes/windows', exitCode: 0, rehearsed: true },
      {
        kind: 'drivers',
        image: 'volumes/windows',
        folder: 'volumes/windows/drivers',
        infFiles: ['a/net.inf', 'b/DISK.INF'],
        rehearsed: true,
      },
      { kind: 'restart', rehearsed: true },
      { kind: 'retired', folder: 'volumes/windows/cache', rehearsed: true },
    ]);
    await expect(readFile(folder.join('volumes', 'windows', 'cache', 'x', 'y.txt'))).rejects.toThrow(
      'ENOENT',
    );
  });

  it('has one disk, as large as its largest volume', async () => {
    await writeFile(
      folder.join('machine.json'),
      JSON.stringify({ volumes: { windows: { sizeBytes: 9 }, esp: { sizeBytes: 3 } } }),
    );
    expect(await machine.disks()).toEqual([
      { number: 0, sizeBytes: 9, online: true, volumes: ['folder:esp', 'folder:windows'] },
    ]);
  });

  it('has the disks that machine.json lists, and makes one of them ready for Windows', async () => {
    await expect(machine.partition(0)).rejects.toMatchObject({ code: 'DISK-05' });
    await writeFile(
      folder.join('machine.json'),
      JSON.stringify({
        disks: [
          { number: 0, sizeBytes: 500e9, bus: 'nvme' },
          { number: 1, sizeBytes: 1000e9, bus: 'sata', volumes: ['data'] },
          { number: 2, sizeBytes: 0, online: false },
        ],
      }),
    );
    await writeTree(folder.join('volumes', 'data'), { 'old/file.txt': 'x' });
    expect(await machine.disks()).toEqual([
      {
        number: 0,
        sizeBytes: 500e9,
        online: true,
        bus: 'nvme',
        volumes: ['folder:esp', 'folder:windows'],
      },
      { number: 1, sizeBytes: 1000e9, online: true, bus: 'sata', volumes: ['folder:data'] },
      { number: 2, sizeBytes: 0, online: false, volumes: [] },
    ]);
    expect(await machine.partition(1)).toMatchObject({ id: 'folder:disk1', fileSystem: 'NTFS' });
    expect((await machine.volumes()).map(volume => volume.label)).toEqual(['disk1', 'esp', 'windows']);
    expect((await machine.disks())[1]?.volumes).toEqual(['folder:disk1']);
    await writeTree(folder.join('volumes', 'disk1'), { 'Windows/half': 'x' });
    await machine.partition(1);
    expect(await readdir(folder.join('volumes', 'disk1'))).toEqual([]);
    await expect(machine.partition(7)).rejects.toMatchObject({ code: 'DISK-05' });
    expect(await recorded()).toEqual([1, 1].map(disk => ({ kind: 'partition', disk, rehearsed: true })));
  });

  it('records the recovery environment, found whatever the case of its path', async () => {
    expect(await machine.setRecovery(windows)).toBe(false);
    await writeTree(windows, { 'system32/recovery/winre.wim': 'MSWIM' });
    expect(await machine.setRecovery(windows)).toBe(true);
    expect(await recorded()).toEqual([
      { kind: 'recovery', image: 'volumes/windows/Windows', rehearsed: true },
    ]);
  });

  it('refuses a driver package without an INF file', async () => {
    await expect(machine.addDrivers(windows, folder.join('volumes', 'esp'))).rejects.toMatchObject({
      code: 'IMAGE-07',
    });
  });

  it('believes an installer that ended well, for the rule asked before it', async () => {
    const clause = { productCode: '{00000000-1111-2222-3333-444444444444}' };
    await writeFile(folder.join('exit-codes.json'), JSON.stringify({ bad: 1603 }));
    expect(await machine.detects(clause)).toBe(false);
    await machine.run({ command: 'bad', folder: windows, timeoutMs: 1000 });
    expect(await machine.detects(clause)).toBe(false);
    await machine.run({ command: 'good', folder: windows, timeoutMs: 1000 });
    expect(await machine.detects(clause)).toBe(true);
    expect(await machine.detects({ file: 'C:\\other.exe' })).toBe(false);
  });

  it('finds what machine.json lists as there from the start', async () => {
    await writeFile(folder.join('machine.json'), JSON.stringify({ detected: ['HKLM\\SOFTWARE\\Seven'] }));
    expect(await machine.detects({ registryKey: 'HKLM\\Software\\seven' })).toBe(true);
  });

  it('goes on behind a line that a cut left torn', async () => {
    await machine.run({ command: 'one', folder: windows, timeoutMs: 1000 });
    await appendFile(folder.join('commands.ndjson'), '{"kind":"program","comm');
    await writeFile(folder.join('exit-codes.json'), JSON.stringify({ one: [0, 5] }));
    expect((await machine.run({ command: 'one', folder: windows, timeoutMs: 1000 })).exitCode).toBe(5);
    expect(
      (await machine.run({ command: 'one', folder: path.dirname(windows), timeoutMs: 1000 })).exitCode,
    ).toBe(5);
  });
});
