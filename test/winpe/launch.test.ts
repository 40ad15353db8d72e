import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { layStandIns, wineForTest } from '../support/wine.ts';

const WINPE = path.resolve(import.meta.dirname, '../../winpe');

/** Runs launch.cmd with a prestage.exe that ends with `code`; the shell that may follow is left by `exit`. */
async function launch(code: number): Promise<{ readonly screen: string; readonly calls: readonly string[] }> {
  const wine = wineForTest({
    env: {
      PRESTAGE_RECORD: 'C:\\record.ndjson',
      PRESTAGE_RECORD_PRESTAGE: `${code};`,
      WINEDLLOVERRIDES: 'mscoree,mshtml=;ping.exe=n',
    },
  });
  const drive = path.join(wine.prefix, 'drive_c');
  const system32 = path.join(drive, 'windows/system32');
  mkdirSync(path.join(drive, 'Prestage'));
  cpSync(path.join(WINPE, 'launch.cmd'), path.join(drive, 'Prestage/launch.cmd'));
  cpSync(path.join(WINPE, 'prestage.cmd'), path.join(system32, 'prestage.cmd'));
  layStandIns(path.join(drive, 'Prestage'), ['prestage']);
  layStandIns(system32, ['ping', 'wpeutil']);
  const input = 'prestage explain NET-01\r\nexit\r\n';
  const { stdout } = await wine.run('cmd', ['/d', '/c', 'C:\\Prestage\\launch.cmd'], { input });
  const record = path.join(drive, 'record.ndjson');
  const lines = existsSync(record) ? readFileSync(record, 'utf8').trim().split('\n') : [];
  const calls = lines.map(line => {
    const { tool, args } = JSON.parse(line) as { tool: string; args: string[] };
    return [tool, ...args].join(' ');
  });
  return { screen: stdout, calls };
}

test('after the hand-over the launcher waits for the restart and asks for it once more', async () => {
  const { calls } = await launch(3);
  expect(calls).toEqual(['prestage deploy', 'ping -n 60 127.0.0.1', 'wpeutil reboot']);
});

test('after a fault the launcher leaves a shell in which prestage can be typed, and does not restart', async () => {
  const { screen, calls } = await launch(40);
  expect(screen).toContain('Prestage ended with code 40.');
  expect(calls).toEqual(['prestage deploy', 'prestage explain NET-01']);
});
