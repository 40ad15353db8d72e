// A target that is full, for real: a small tmpfs in a mount namespace of its own, where no rights of the machine are needed.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { captureWim, temporaryFolder, writeTree } from '../support/wim-kit.ts';

it('an image that does not fit is DISK-01 with the native number and the space left', async () => {
  await using folder = await temporaryFolder();
  await writeTree(folder.join('source'), { 'big.bin': randomBytes(6 * 1024 * 1024) });
  await writeTree(folder.join('small'), {});
  const wim = folder.join('big.wim');
  await captureWim(wim, [{ folder: folder.join('source'), name: 'big' }]);
  const program = fileURLToPath(new URL('apply-program.ts', import.meta.url));
  const mounted = 'mount -t tmpfs -o size=3m tmpfs "$1" && exec "$2" "$3" "$4" "$1"';
  const own = process.getuid?.() === 0 ? ['-m'] : ['-r', '-m'];
  const { code, output } = await run('unshare', [
    ...own,
    'sh',
    '-c',
    mounted,
    'sh',
    folder.join('small'),
    process.execPath,
    program,
    wim,
  ]);
  expect(output).toContain('{');
  expect(JSON.parse(output)).toMatchObject({ code: 'DISK-01', detail: { native: expect.any(Number) } });
  expect(code).toBe(0);
});

function run(
  program: string,
  commandLine: readonly string[],
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, commandLine, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', piece => {
      output += piece;
    });
    child.stderr.on('data', piece => {
      output += piece;
    });
    child.on('error', reject);
    child.on('close', code => resolve({ code, output }));
  });
}
