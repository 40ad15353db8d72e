// Loads ffi-rs: from node_modules when run unbuilt; from the executable's assets when built, its native part laid in a folder first.
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getAsset, getRawAsset, isSea } from 'node:sea';
import { compileFunction } from 'node:vm';
import { Fault } from '../fault/fault.ts';

/** What ffi-rs exports: `open`, `load`, `DataType`, pointers and callbacks. */
export type Ffi = typeof import('ffi-rs');

/**
 * The operating system loads libraries from files only, so the add-on inside the executable needs a folder.
 * @param folders where it may go, the best first (made when missing): it goes into the first that can be written. On Windows name folders
 *   into which nobody with fewer rights can write: whoever can replace the file between its check and its load runs code as this process.
 *   When there is none: a folder of this user's in the temporary one.
 * @throws DISK-02 when nothing can be written.
 */
export async function loadFfi(folders: readonly string[] = []): Promise<Ffi> {
  if (!isSea()) return import('ffi-rs');
  const file = layAddonInFirst(Buffer.from(getRawAsset('ffi-rs.node')), folders);
  return evaluate(getAsset('ffi-rs.js', 'utf8'), loadNative(file));
}

/** As layAddon, into the first of `folders` that can be written; into this user's temporary folder at last. */
export function layAddonInFirst(bytes: Buffer, folders: readonly string[]): string {
  for (const folder of folders) {
    try {
      return layAddon(bytes, folder);
    } catch {
      // Read-only media, a share, a folder of others: the next one. Should the last one fail, its fault says why.
    }
  }
  return layAddon(bytes);
}

/**
 * Writes the add-on as `<folder>/ffi-rs-<16 hex digits of its SHA-256>.node` and returns that path.
 * A file already there is used only when its bytes are right: a half-written or exchanged one is replaced.
 */
export function layAddon(bytes: Buffer, folder?: string): string {
  const digest = createHash('sha256').update(bytes).digest('hex');
  const place = folder ?? privateFolder(digest);
  const file = join(place, `ffi-rs-${digest.slice(0, 16)}.node`);
  try {
    mkdirSync(place, { recursive: true, mode: 0o700 });
    if (digestOf(file) === digest) return file;
    const partial = `${file}.${randomBytes(6).toString('hex')}`;
    try {
      writeFileSync(partial, bytes, { mode: 0o700, flag: 'wx' });
      renameSync(partial, file);
    } finally {
      rmSync(partial, { force: true });
    }
  } catch (cause) {
    // Another process may have laid the same bytes at the same moment and hold them open: Windows then refuses the rename.
    if (digestOf(file) !== digest) throw new Fault('DISK-02', file, { expected: digest }, { cause });
  }
  return file;
}

/** A folder in the temporary one that only this user can write, the same at every start unless somebody else has taken its name. */
function privateFolder(digest: string): string {
  const folder = join(tmpdir(), `prestage-${digest.slice(0, 16)}`);
  const user = process.getuid?.();
  if (user === undefined) return folder;
  try {
    mkdirSync(folder, { mode: 0o700, recursive: true });
    const { uid, mode } = lstatSync(folder);
    if (uid === user) {
      if ((mode & 0o022) !== 0) chmodSync(folder, 0o700);
      return folder;
    }
  } catch {
    // A file or somebody's link of that name: as good as taken.
  }
  return mkdtempSync(`${folder}-`);
}

function digestOf(file: string): string | undefined {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    return undefined; // absent or unreadable: to be written anew, where a real obstacle shows
  }
}

function loadNative(file: string): unknown {
  const module = { exports: {} };
  process.dlopen(module, file);
  return module.exports;
}

/** Runs ffi-rs's own index.js, which asks `require` for built-in modules and for the add-on under its package's name. */
function evaluate(source: string, addon: unknown): Ffi {
  const module = { exports: {} };
  const require = (name: string): unknown => process.getBuiltinModule(name) ?? addon;
  const parameters = ['module', 'exports', 'require', '__dirname'];
  compileFunction(source, parameters, { filename: 'ffi-rs/index.js' })(module, module.exports, require, '');
  return module.exports as Ffi;
}
