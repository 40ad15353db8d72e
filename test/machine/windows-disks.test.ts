// Disks of the Windows machine under Wine: what diskpart is told to do, what the drivers tell, and removing what node:fs alone could not.
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Machine, Volume } from '../../agent/machine/machine.ts';
import { type TemporaryFolder, temporaryFolder, writeTree } from '../support/wim-kit.ts';
import { openWindowsSide, type WindowsSide } from '../support/windows-side.ts';

/** As `list disk` prints it; the line before is one of `detail disk`, for the stand-in prints the same whatever it is asked. */
const PRINTED = [
  'Typ    : NVMe',
  '  Datentr\u0084ger ###  Status         Gr\u0094\u00e1e    Frei     Dyn  GPT',
  '  ---------------  -------------  -------  -------  ---  ---',
  '  Datentr\u0084ger 0    Online          476 GB  1024 KB        *',
  '  Datentr\u0084ger 1    Offline          14 GB      0 B',
  '  Datentr\u0084ger 2    Kein Medium        0 B      0 B',
].join('\\n');

interface Call {
  readonly tool: string;
  readonly args: readonly string[];
  readonly script?: string;
}

let folder: TemporaryFolder;
let side: WindowsSide;
let machine: Machine;

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeTree(folder.path, {
    // Wine takes a volume's label from this file.
    'w/.windows-label': 'Windows\n',
    'd/.windows-label': 'Media\n',
  });
  side = await openWindowsSide({
    folder: folder.path,
    drives: { w: folder.join('w'), d: folder.join('d') },
    env: { PRESTAGE_RECORD_DISKPART: `0;${PRINTED}` },
  });
  machine = side.machine;
});
afterAll(async () => {
  await side[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function recorded(): Promise<readonly Call[]> {
  const text = await readFile(side.recordFile, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line));
}

const volumeAt = async (root: string): Promise<Volume> =>
  (await machine.volumes()).find(volume => volume.root === root)!;

describe('the disks of a Windows machine', () => {
  it('are listed by diskpart; their bus, size and volumes are told by the driver, and the bus by diskpart where it does not', async () => {
    const media = await volumeAt('D:\\');
    const disks = await machine.disks();
    expect(disks).toEqual([
      // Wine's own disk 0: what its driver tells of it is not what a real one would, but it is asked as a real one is.
      {
        number: 0,
        sizeBytes: 82_252_800_000,
        online: true,
        bus: 'scsi',
        volumes: expect.arrayContaining([media.id]),
      },
      { number: 1, sizeBytes: 14 * 1024 ** 3, online: false, bus: 'nvme', volumes: [] },
      { number: 2, sizeBytes: 0, volumes: [] },
    ]);
    expect((await recorded()).map(call => call.script)).toEqual([
      'list disk\r\nexit\r\n',
      'select disk 1\r\ndetail disk\r\nexit\r\n',
    ]);
    expect((await recorded())[0]).toMatchObject({
      tool: 'diskpart',
      args: ['/s', expect.stringMatching(/\\prestage-disks-[^\\]+\\script\.txt$/)],
    });
  });

  it('are asked by the self-test, which changes nothing', async () => {
    expect(await side.call('test.diskProbes')).toEqual([
      [
        'disks and volumes',
        {
          holds: true,
          seen: {
            disks: [{ number: 0, bus: 'scsi', sizeBytes: 82_252_800_000 }],
            volumes: expect.arrayContaining([{ root: 'W:\\', id: expect.any(String), disk: 0 }]),
          },
        },
      ],
      [
        'backup privileges',
        {
          holds: true,
          seen: { enabled: ['SeBackupPrivilege', 'SeRestorePrivilege'], system: 'full-os' },
        },
      ],
    ]);
  });

  it('leave no script behind', async () => {
    await machine.disks();
    const names = await readdir(side.session.drive('c'), { recursive: true });
    expect(names.filter(name => name.includes('prestage-disks-'))).toEqual([]);
  });

  it('are partitioned by one script, and the new volume is found by its disk and label', async () => {
    const before = (await recorded()).length;
    expect(await machine.partition(0)).toMatchObject({ root: 'W:\\', label: 'Windows' });
    expect((await recorded())[before]?.script?.split('\r\n')).toEqual([
      'select disk 0',
      'online disk noerr',
      'attributes disk clear readonly noerr',
      'clean',
      'convert gpt',
      'create partition efi size=260',
      'format quick fs=fat32 label=System',
      'create partition msr size=16',
      'create partition primary',
      'format quick fs=ntfs label=Windows',
      'assign',
      'exit',
      '',
    ]);
  });

  it('of which the new volume does not appear are DISK-05', async () => {
    await expect(machine.partition(1)).rejects.toMatchObject({ code: 'DISK-05', subject: 'disk 1' });
    await expect(machine.partition(-1)).rejects.toMatchObject({ code: 'DISK-05' });
  }, 60_000);
});

describe('a diskpart that refuses', () => {
  it('is DISK-05 with its words', async () => {
    await using other = await temporaryFolder();
    await using failing = await openWindowsSide({
      folder: other.path,
      env: { PRESTAGE_RECORD_DISKPART: '1;Virtual Disk Service error: The media is write-protected.' },
    });
    await expect(failing.machine.partition(3)).rejects.toMatchObject({
      code: 'DISK-05',
      subject: 'disk 3',
      detail: { exitCode: 1, words: expect.stringContaining('write-protected') },
    });
  });
});

describe('of several system volumes', () => {
  it('the one with the media’s boot image is it: the firmware started from there', async () => {
    await writeTree(folder.path, {
      'd/EFI/Microsoft/Boot/BCD': 'an old Windows on another disk',
      'w/EFI/Microsoft/Boot/BCD': 'the media',
      'w/sources/boot.wim': 'MSWIM',
    });
    expect(await machine.systemVolume()).toMatchObject({ root: 'W:\\' });
  });
});

describe('clearing a volume on Windows', () => {
  it('removes read-only files and paths that are longer than 260 characters', async () => {
    const deep = path.join(folder.join('d'), 'tree', ...Array.from({ length: 12 }, () => 'n'.repeat(60)));
    await mkdir(deep, { recursive: true });
    await writeFile(path.join(deep, 'read-only.txt'), 'x');
    await chmod(path.join(deep, 'read-only.txt'), 0o444);
    await side.call('durable.remove', 'D:\\tree');
    expect(existsSync(folder.join('d', 'tree'))).toBe(false);
  });

  it('can have the privileges with which access lists do not count', async () => {
    expect(await side.call('test.privileges')).toEqual(['SeBackupPrivilege', 'SeRestorePrivilege']);
  });
});
