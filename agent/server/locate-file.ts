// From the path of a request to a plain file below the served folder, and to nothing else.
import { type FileHandle, open, realpath } from 'node:fs/promises';
import path from 'node:path';
import { nativeCodeOf } from '../durable/disk-fault.ts';

/** An open file; the caller closes it. */
export interface LocatedFile {
  readonly handle: FileHandle;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly mtime: Date;
}

/**
 * @param root the served folder's real path
 * @param target the request's target as it came (`/content/A%20B.bin?x`)
 * @returns undefined for whatever is not a plain file inside `root`: absent, a folder, a link that leads out, a path that tries to
 * @throws what the file system throws when a file that is there cannot be opened
 */
export async function locateFile(root: string, target: string): Promise<LocatedFile | undefined> {
  const parts = namesOf(target);
  if (!parts) return undefined;
  const real = await realpath(path.join(root, ...parts)).catch(ifAbsent);
  if (real === undefined || !isInside(root, real)) return undefined;
  const handle = await open(real, 'r').catch(ifAbsent);
  if (!handle) return undefined;
  try {
    const { size, mtimeNs, mtime, ...found } = await handle.stat({ bigint: true });
    if ((found.mode & 0o170000n) === 0o100000n) return { handle, size, mtimeNs, mtime };
  } catch (thrown) {
    await handle.close();
    throw thrown;
  }
  await handle.close();
  return undefined;
}

/** Split before decoding, so that an encoded slash or backslash can never become a separator. */
function namesOf(target: string): readonly string[] | undefined {
  const names: string[] = [];
  for (const encoded of (target.split(/[?#]/, 1)[0] ?? '').split('/').slice(1)) {
    const name = decode(encoded);
    if (name === undefined || name === '' || name === '.' || name === '..' || /[/\\\0]/.test(name))
      return undefined;
    // A drive or an alternate data stream on Windows; content paths never hold a colon.
    if (name.includes(':')) return undefined;
    names.push(name);
  }
  // What begins with a dot at the top is the server's own (received status), or a tool's; content lies deeper.
  return names.length > 0 && !names[0]?.startsWith('.') ? names : undefined;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that encodes nothing names no file.
    return undefined;
  }
}

function isInside(root: string, real: string): boolean {
  const relative = path.relative(root, real);
  // Asked of the real name as well: Windows has a second, short one for `.status`, and a link may lead there.
  return relative !== '' && !relative.startsWith('.') && !path.isAbsolute(relative);
}

function ifAbsent(thrown: unknown): undefined {
  const code = nativeCodeOf(thrown);
  if (
    code === 'ENOENT' ||
    code === 'ENOTDIR' ||
    code === 'ELOOP' ||
    code === 'ENAMETOOLONG' ||
    code === 'EISDIR'
  )
    return undefined;
  throw thrown;
}
