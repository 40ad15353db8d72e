// Laying the native add-on in a folder: whatever lies there already, what gets loaded has the right bytes.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { layAddon, layAddonInFirst, loadFfi } from '../../agent/native/addon.ts';

const BYTES = Buffer.from('not a library, but nobody loads it here');
const NAME = `ffi-rs-${createHash('sha256').update(BYTES).digest('hex').slice(0, 16)}.node`;

describe('laying the add-on', () => {
  const root = mkdtempSync(join(tmpdir(), 'addon-'));
  afterAll(() => rmSync(root, { recursive: true }));

  test('makes the folder and names the file by its digest', () => {
    const file = layAddon(BYTES, join(root, 'deep', 'folder'));
    expect(file).toBe(join(root, 'deep', 'folder', NAME));
    expect(readFileSync(file)).toEqual(BYTES);
    expect(readdirSync(dirname(file))).toEqual([NAME]);
  });

  test('leaves a right file alone', () => {
    const file = layAddon(BYTES, join(root, 'twice'));
    const before = statSync(file, { bigint: true });
    layAddon(BYTES, join(root, 'twice'));
    expect(statSync(file, { bigint: true }).ino).toBe(before.ino);
  });

  test.each(['', 'half', 'x'.repeat(BYTES.length)])(
    'replaces a file that holds something else: %j',
    content => {
      const folder = mkdtempSync(join(root, 'wrong-'));
      writeFileSync(join(folder, NAME), content);
      expect(readFileSync(layAddon(BYTES, folder))).toEqual(BYTES);
    },
  );

  test('says which file it could not write', () => {
    writeFileSync(join(root, 'file'), '');
    expect(() => layAddon(BYTES, join(root, 'file'))).toThrow(
      expect.objectContaining({ code: 'DISK-02', subject: join(root, 'file', NAME) }),
    );
  });

  test('takes the first folder that can be written, and the temporary one at last', () => {
    writeFileSync(join(root, 'blocked'), '');
    const [blocked, open] = [join(root, 'blocked', 'addon'), join(root, 'open')];
    expect(dirname(layAddonInFirst(BYTES, [blocked, open]))).toBe(open);
    expect(dirname(layAddonInFirst(BYTES, [open, blocked]))).toBe(open);
    const own = dirname(layAddonInFirst(BYTES, [blocked]));
    expect(dirname(own)).toBe(tmpdir());
    rmSync(own, { recursive: true });
  });

  test('without a folder uses one that only this user can write', () => {
    const own = dirname(layAddon(BYTES));
    chmodSync(own, 0o777); // as somebody with a wide umask might have made it
    const file = layAddon(BYTES);
    expect(statSync(dirname(file)).mode & 0o022).toBe(0);
    rmSync(own, { recursive: true });
  });

  test('without a folder evades a file of the folder’s name', () => {
    const taken = dirname(layAddon(BYTES));
    rmSync(taken, { recursive: true });
    writeFileSync(taken, '');
    const file = layAddon(BYTES);
    expect(dirname(file)).not.toBe(taken);
    expect(existsSync(file)).toBe(true);
    rmSync(taken);
    rmSync(dirname(file), { recursive: true });
  });
});

test('loads ffi-rs from node_modules when run unbuilt', async () => {
  const ffi = await loadFfi();
  ffi.open({ library: 'c', path: 'libc.so.6' });
  const pid = ffi.load({
    library: 'c',
    funcName: 'getpid',
    retType: ffi.DataType.I32,
    paramsType: [],
    paramsValue: [],
  });
  expect(pid).toBe(process.pid);
});
