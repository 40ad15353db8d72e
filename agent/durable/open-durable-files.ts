// Durable writes on a real disk: data, flush, rename, flush again. Relies on two measured facts: a rename alone may be lost although
// everything before it was flushed, and flushing a folder works on Linux and is refused on Windows.
import { createHash } from 'node:crypto';
import path from 'node:path';
import pLimit from 'p-limit';
import { allEnded } from '../fault/all-ended.ts';
import { Fault } from '../fault/fault.ts';
import { type Disk, machineDisk, type OpenFile } from './disk.ts';
import { diskFault, nativeCodeOf } from './disk-fault.ts';
import type { DurableFiles, LinkPair, PartialFile } from './durable-files.ts';
import { flushFolder, flushName, flushNames, withOpen } from './flush-names.ts';
import { flushFiles, flushTrees, groupsOf, makeFolderUnflushed } from './flush-trees.ts';
import { DEFAULT_PAUSES_MS, NOT_SHARED, withPatience } from './patience.ts';
import { removeFromFolder, removeTree } from './remove-tree.ts';

const COPY_PIECE_BYTES = 4 * 1024 * 1024;

/** Small files spend their time waiting for their flush; so many wait together. */
const COPIES_AT_ONCE = 16;

/** They stand on one command line where a program flushes them. */
const FOLDERS_A_FLUSH = 200;

/** What a temporary file beside its target is called; a leftover of a cut is overwritten by the next attempt. */
export const TEMPORARY_SUFFIX = '.prestage-new';

/** @param steps the steps to build on; the machine's own unless a test watches them. */
export function openDurableFiles(
  steps: Disk = machineDisk,
  { pausesMs = DEFAULT_PAUSES_MS }: { readonly pausesMs?: readonly number[] } = {},
): DurableFiles {
  const disk: Disk = {
    ...steps,
    open: (file, mode) => withPatience(() => steps.open(file, mode), pausesMs, NOT_SHARED),
  };
  const turns = new Map<string, Promise<void>>();

  /** Two writers of one file in this process take turns: they would share its temporary name. */
  async function inTurn(file: string, operation: string, work: () => Promise<void>): Promise<void> {
    const before = turns.get(file) ?? Promise.resolve();
    const mine = before.catch(() => {}).then(work);
    turns.set(file, mine);
    try {
      await mine;
    } catch (error) {
      throw diskFault(operation, file, error);
    } finally {
      if (turns.get(file) === mine) turns.delete(file);
    }
  }

  /** All are made before their names are flushed: sisters share a flush. */
  async function makeFolders(folders: readonly string[]): Promise<void> {
    const parents = new Set<string>();
    const making = new Map<string, Promise<void>>();
    const make = (folder: string): Promise<void> => {
      const made = making.get(folder) ?? makeOne(folder);
      making.set(folder, made);
      return made;
    };
    const makeOne = async (folder: string): Promise<void> => {
      if (await disk.leadsToFolder(folder)) return;
      const parent = path.dirname(folder);
      if (parent !== folder) await make(parent);
      try {
        await disk.makeFolder(folder);
      } catch (error) {
        // Another caller was faster; anything else at that name is an error.
        if (nativeCodeOf(error) !== 'EEXIST' || !(await disk.leadsToFolder(folder)))
          throw diskFault('make folder', folder, error);
      }
      parents.add(parent);
    };
    await allEnded(folders.map(make));
    for (const parent of parents) await flushFolder(disk, parent);
  }

  /** Fills a temporary file beside `file`, then puts it under the final name, so that readers see the old file or the new one. */
  async function putInPlace(file: string, fill: (open: OpenFile) => Promise<void>): Promise<void> {
    const temporary = temporaryNameOf(file);
    await withOpen(disk, temporary, 'empty', async open => {
      await fill(open);
      await open.flush();
    });
    await renameDurably(temporary, file);
  }

  async function renameDurably(from: string, to: string): Promise<void> {
    const kind = await disk.kind(from);
    if ((await disk.kind(to)) === 'folder') {
      throw new Fault('DISK-02', to, {
        operation: 'rename',
        expected: 'no folder of this name',
        found: 'a folder',
      });
    }
    await despiteReadOnly(disk, to, () => withPatience(() => disk.rename(from, to), pausesMs));
    if (kind === 'file') await flushName(disk, to);
    await flushFolder(disk, path.dirname(to));
    if (path.dirname(from) !== path.dirname(to)) await flushFolder(disk, path.dirname(from));
  }

  async function copy(from: string, to: string): Promise<void> {
    await withOpen(disk, from, 'read', source => putInPlace(to, target => pour(source, target)));
  }

  /** The targets are new names that nobody reads yet, so they are filled where they lie. */
  async function copyAll(pairs: readonly LinkPair[]): Promise<void> {
    const limit = pLimit(COPIES_AT_ONCE);
    // The caller may remove the folder after a failure.
    await allEnded(
      pairs.map(({ from, to }) =>
        limit(() =>
          inTurn(to, 'copy', async () => {
            if ((await disk.kind(to)) !== 'absent')
              throw new Fault('DISK-02', to, { operation: 'copy', expected: 'absent', found: 'present' });
            await withOpen(disk, from, 'read', source =>
              withOpen(disk, to, 'empty', async target => {
                await pour(source, target);
                await target.flush();
              }),
            );
          }),
        ),
      ),
    );
    const last = pairs.at(-1)?.to;
    if (last === undefined) return;
    await inTurn(last, 'flush', () =>
      flushNames(
        disk,
        pairs.map(({ to }) => to),
      ),
    );
  }

  async function linkOrCopyAll(pairs: readonly LinkPair[]): Promise<void> {
    const linked: string[] = [];
    for (const { from, to } of pairs) {
      await inTurn(to, 'link', async () => {
        if ((await disk.kind(to)) !== 'absent')
          throw new Fault('DISK-02', to, { operation: 'link', expected: 'absent', found: 'present' });
        if (await linkWherePossible(disk, from, to)) linked.push(to);
        else await copy(from, to);
      });
    }
    const last = linked.at(-1);
    if (last !== undefined) await inTurn(last, 'flush', () => flushNames(disk, linked));
  }

  return {
    makeFolder: folder => inTurn(folder, 'make folder', () => makeFolders([folder])),
    makeFolders: async folders => {
      const [first] = folders;
      if (first !== undefined) await inTurn(first, 'make folder', () => makeFolders(folders));
    },
    replaceFile: (file, bytes) => inTurn(file, 'write', () => putInPlace(file, open => open.write(bytes, 0))),
    append: (file, bytes) =>
      inTurn(file, 'append', async () => {
        const isNew = (await disk.kind(file)) === 'absent';
        await withOpen(disk, file, 'keep', async open => {
          await appendWhole(open, bytes);
        });
        if (isNew) await flushFolder(disk, path.dirname(file));
      }),
    openPartial: async file => {
      try {
        const isNew = (await disk.kind(file)) === 'absent';
        const open = await despiteReadOnly(disk, file, () => disk.open(file, 'keep'));
        return partialFile(disk, file, open, isNew);
      } catch (error) {
        throw diskFault('open', file, error);
      }
    },
    setModified: (file, modified) => inTurn(file, 'set time', () => disk.setModified(file, modified)),
    rename: (from, to) => inTurn(to, 'rename', () => renameDurably(from, to)),
    copyFile: (from, to) => inTurn(to, 'copy', () => copy(from, to)),
    linkOrCopy: (from, to) => linkOrCopyAll([{ from, to }]),
    linkOrCopyAll,
    copyAll,
    copyUnflushed: (from, to, tools) =>
      inTurn(to, 'copy', async () => {
        await makeFolderUnflushed(disk, path.dirname(to));
        await disk.pour(from, to, tools);
      }),
    writeUnflushed: (file, bytes) =>
      inTurn(file, 'write', async () => {
        const fill = (): Promise<void> => withPatience(() => disk.fill(file, bytes), pausesMs, NOT_SHARED);
        try {
          await fill();
        } catch (error) {
          // Nearly always the folder is there: it is looked for only when it is not.
          if (nativeCodeOf(error) !== 'ENOENT') throw error;
          await makeFolderUnflushed(disk, path.dirname(file));
          await fill();
        }
      }),
    flushFiles: async files => {
      const [first] = files;
      if (first !== undefined) await inTurn(first, 'flush', () => flushFiles(disk, files));
    },
    flushTrees: async folders => {
      for (const group of groupsOf(folders, FOLDERS_A_FLUSH)) {
        const [first = ''] = group;
        await inTurn(first, 'flush', () => flushTrees(disk, group));
      }
    },
    remove: target =>
      inTurn(target, 'remove', async () => {
        if (await removeTree(disk, target, pausesMs)) await flushFolder(disk, path.dirname(target));
      }),
    clear: (folder, spares) =>
      inTurn(folder, 'clear', async () => {
        await removeFromFolder(disk, folder, spares, pausesMs);
        await flushFolder(disk, folder);
      }),
  };
}

/** A full disk may take half of a line: that half is taken back, or what is appended next would be lost behind it. */
async function appendWhole(open: OpenFile, bytes: Uint8Array): Promise<void> {
  const end = await open.sizeBytes();
  try {
    await open.write(bytes, end);
    await open.flush();
  } catch (error) {
    // When not even this is possible, the error that is thrown says what is wrong with the disk.
    await open.truncate(end).catch(() => {});
    throw error;
  }
}

/** Windows refuses to write into, or to rename over, what carries the read-only attribute, as installers copied from a CD do. */
async function despiteReadOnly<T>(disk: Disk, file: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const native = nativeCodeOf(error);
    if ((native !== 'EPERM' && native !== 'EACCES') || (await disk.kind(file)) !== 'file') throw error;
    await disk.makeWritable(file);
    return step();
  }
}

async function pour(source: OpenFile, target: OpenFile): Promise<void> {
  // One byte more than there is shows the end with the first read of a small file.
  const piece = new Uint8Array(Math.min(COPY_PIECE_BYTES, (await source.sizeBytes()) + 1));
  for (let position = 0; ; ) {
    const length = await source.read(piece, position);
    if (length > 0) await target.write(piece.subarray(0, length), position);
    if (length < piece.length) return;
    position += length;
  }
}

function partialFile(disk: Disk, file: string, open: OpenFile, isNew: boolean): PartialFile {
  let nameFlushed = !isNew;
  const step = async (operation: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      throw diskFault(operation, file, error);
    }
  };
  return {
    write: (bytes, position) => step('write', () => open.write(bytes, position)),
    truncate: lengthBytes => step('truncate', () => open.truncate(lengthBytes)),
    flush: () =>
      step('flush', async () => {
        await open.flush();
        if (nameFlushed) return;
        await flushFolder(disk, path.dirname(file));
        nameFlushed = true;
      }),
    close: () => step('close', () => open.close()),
  };
}

/** @returns false where the file system has no hard links, or no more for this file. */
async function linkWherePossible(disk: Disk, from: string, to: string): Promise<boolean> {
  try {
    await disk.link(from, to);
    return true;
  } catch (error) {
    if (
      ['EPERM', 'EXDEV', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'UNKNOWN'].includes(
        nativeCodeOf(error) ?? '',
      )
    )
      return false;
    throw error;
  }
}

/** A name beside the file, within the 255 bytes or UTF-16 units that a name may have. */
function temporaryNameOf(file: string): string {
  const name = path.basename(file);
  const short = Buffer.byteLength(name) <= 200 ? name : createHash('sha256').update(name).digest('hex');
  return path.join(path.dirname(file), short + TEMPORARY_SUFFIX);
}
