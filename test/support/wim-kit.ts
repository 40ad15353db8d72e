// Makes small WIM files of real trees for tests, with wimlib-imagex. Nothing binary is committed.
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { link, mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A folder that is removed when the test disposes of it. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
  join(...names: readonly string[]): string;
}

export async function temporaryFolder(): Promise<TemporaryFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), 'prestage-test-'));
  return {
    path: folder,
    join: (...names) => path.join(folder, ...names),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Writes files of a tree: path to content. Folders are made as needed. */
export async function writeTree(
  root: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  await mkdir(root, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), content);
  }
}

/** SHA-256 of every file below `root` that is `wanted`, by path with `/`; an empty folder is listed as `name/`. */
export async function readTree(
  root: string,
  wanted: (name: string) => boolean = () => true,
): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  const walk = async (folder: string, prefix: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true });
    if (entries.length === 0 && prefix !== '') found[prefix] = 'empty folder';
    for (const entry of entries) {
      const full = path.join(folder, entry.name);
      if (entry.isDirectory()) await walk(full, `${prefix}${entry.name}/`);
      else if (wanted(prefix + entry.name))
        found[prefix + entry.name] = createHash('sha256')
          .update(await readFile(full))
          .digest('hex');
    }
  };
  await walk(root, '');
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A tree like a small Windows: a few hundred files, unicode names, an empty folder, a hard link, 8 MB that do not compress. */
export async function windowsLikeTree(root: string): Promise<void> {
  const files: Record<string, string | Uint8Array> = {
    'Windows/System32/big.bin': randomBytes(8 * 1024 * 1024),
    'Windows/System32/kernel.txt': 'kernel '.repeat(20_000),
    'Users/Öffentlich/日本語 ファイル.txt': 'unicode',
    'Users/Öffentlich/emoji 🚀.txt': 'beyond the basic plane',
    'Windows/empty.txt': '',
  };
  for (let index = 0; index < 300; index += 1)
    files[`Windows/WinSxS/part${index % 7}/file${index}.dll`] = `file ${index} `.repeat(index);
  await writeTree(root, files);
  await mkdir(path.join(root, 'Program Files', 'Empty'), { recursive: true });
  await link(path.join(root, 'Windows/System32/kernel.txt'), path.join(root, 'Windows/linked.txt'));
}

/** Captures folders as the images of a new WIM. `properties` are XML properties of every image (`WINDOWS/ARCH=9`). */
export async function captureWim(
  wim: string,
  images: readonly {
    readonly folder: string;
    readonly name: string;
    readonly description?: string;
    readonly properties?: readonly string[];
  }[],
  {
    compression = 'lzx',
    integrity = true,
  }: { readonly compression?: 'none' | 'xpress' | 'lzx'; readonly integrity?: boolean } = {},
): Promise<void> {
  for (const [position, { folder, name, description, properties = [] }] of images.entries()) {
    const options = [
      ...(integrity ? ['--check'] : []),
      ...properties.map(property => `--image-property=${property}`),
      ...(position === 0 ? [`--compress=${compression}`] : []),
    ];
    await run('wimlib-imagex', [
      position === 0 ? 'capture' : 'append',
      folder,
      wim,
      name,
      description ?? '',
      ...options,
    ]);
  }
}

/** Overwrites bytes of a file in place. */
export async function overwrite(file: string, offset: number, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.write(bytes, 0, bytes.length, offset);
  } finally {
    await handle.close();
  }
}
