// The Windows executable on a computer without prestaged media: what it tells of the disks, and where it lays its native add-on.
import { readdirSync } from 'node:fs';
import { copyFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newKeyPair } from '../../agent/trust/keys.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { layStandIns, layWimgapi, PRESTAGE_EXE, wineForFile } from '../support/wine.ts';

const ADD_ON = /^ffi-rs-[0-9a-f]{16}\.node$/;

describe('prestage.exe where there is no media', () => {
  const folder = tempFolder('windows-executable');
  const beside = path.join(folder, 'addon');
  const { session, close } = wineForFile({ drives: { w: folder } });
  const diskpart = () => path.join(session.drive('c'), 'windows/system32/diskpart.exe');
  const accountFiles = (): string[] =>
    readdirSync(path.join(session.drive('c'), 'users'), { recursive: true })
      .map(String)
      .filter(name => /prestage/i.test(name));
  const check = async (env: Readonly<Record<string, string>> = {}) => {
    const { code, stderr } = await session.run('w:\\prestage.exe', ['check', '--json'], { env });
    const line = stderr.split('\n').findLast(each => each.startsWith('{"fault"'));
    expect(line, stderr).toBeDefined();
    return { code, fault: JSON.parse(line!).fault };
  };

  beforeAll(async () => {
    await copyFile(PRESTAGE_EXE, path.join(folder, 'prestage.exe'));
    layWimgapi(folder);
    await writeFile(path.join(folder, 'agent.yaml'), `keys:\n  - ${newKeyPair().public.text}\n`);
  });
  afterAll(close);

  it('says that the disks are unknown where diskpart is not there, and lays the add-on beside itself', async () => {
    expect(await check()).toMatchObject({
      code: 30,
      fault: { code: 'CONTENT-04', detail: { disks: 'unknown' } },
    });
    expect(readdirSync(beside)).toEqual([expect.stringMatching(ADD_ON)]);
    expect(accountFiles()).toEqual([]);
  });

  // A disk that Wine does not have: of those it has, the drivers tell the size.
  it('tells the disks that diskpart lists', async () => {
    layStandIns(path.dirname(diskpart()), ['diskpart']);
    const rows = [
      '  Disk ###  Status         Size     Free     Dyn  Gpt',
      '  --------  -------------  -------  -------  ---  ---',
      '  Disk 7    Online          476 GB  1024 KB        *',
    ];
    const answer = {
      PRESTAGE_RECORD: 'w:\\record.ndjson',
      PRESTAGE_RECORD_DISKPART: `0;${rows.join('\\n')}`,
    };
    expect(await check(answer)).toMatchObject({
      code: 30,
      fault: { code: 'CONTENT-04', detail: { disks: ['disk 7: 511101108224 bytes, online'] } },
    });
  });

  it('where nothing can be written beside it, lays the add-on in the account’s own folder', async () => {
    await rm(beside, { recursive: true });
    await writeFile(beside, '');
    expect(await check()).toMatchObject({ fault: { code: 'CONTENT-04' } });
    expect(accountFiles().map(name => name.split('/').slice(1).join('/'))).toEqual([
      'AppData/Local/Prestage',
      expect.stringMatching(/^AppData\/Local\/Prestage\/ffi-rs-[0-9a-f]{16}\.node$/),
    ]);
  });
});
