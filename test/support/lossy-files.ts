// Durable files for power-cut tests: exactly the product's durable layer, over steps that are counted, that stop at a chosen one, and of
// which everything that was not flushed can then be taken back, as an honest disk may lose it.
//
// What may be lost. Data: every write to a file since its last flush, each by itself (dropped, kept, torn in the middle, or zeros in its
// place). Names: every making, renaming and removing that no flush has covered. What covers a name depends on the system:
//   linux    the flush of the file itself or of the folder that holds the name, with all earlier steps on the same path (stricter than ext4,
//            which commits everything before it);
//   windows  folders cannot be flushed (EPERM); the flush of any file covers all names before it, for NTFS logs metadata in order.
import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { type Disk, machineDisk, type OpenFile } from '../../agent/durable/disk.ts';
import type { DurableFiles } from '../../agent/durable/durable-files.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { seeded } from './seeded.ts';
import { type DataLoss, type UnflushedFile, watchData } from './unflushed-data.ts';
import { type NameStep, unflushedNames } from './unflushed-names.ts';

/** Thrown by the step at which the power went, and by every step after it. */
export class PowerCut extends Error {
  override readonly name = 'PowerCut';
}

export interface LossyOptions {
  /** What is removed waits here until it is certain; on the file system of the test, outside of what the test looks at. Made and emptied. */
  readonly graveyard: string;
  /** The power goes before this point (from 1) is carried out; never, when undefined. */
  readonly cutAt?: number;
  readonly system?: 'linux' | 'windows';
}

/** What `loseUnflushed` does with what no flush has covered; `mixed` chooses for each step by the seed. */
export type Loss = DataLoss | 'mixed';

export interface LossyFiles {
  readonly files: DurableFiles;
  /** The single steps that `files` is made of, for tests of code that works with them. */
  readonly disk: Disk;
  /** Every step carried out so far that changes the disk, in words; its number is its place from 1. Write, flush, rename and second flush count apart. */
  readonly points: readonly string[];
  readonly isCut: boolean;
  /**
   * Leaves on the disk what a cut may leave. `dropped` also takes back every unflushed name; `kept` keeps all; with `torn` and `zeroed` names
   * are kept, so that the strange data can be seen; `mixed` draws for each. After it, these files are of no more use.
   */
  loseUnflushed(loss: Loss, seed?: number): Promise<void>;
}

export function openLossyFiles({ graveyard, cutAt, system = 'linux' }: LossyOptions): LossyFiles {
  const points: string[] = [];
  const names = unflushedNames();
  const dirty = new Map<string, UnflushedFile>();
  let isCut = false;
  let buried = 0;
  let last: Promise<unknown> = Promise.resolve();

  /** One step after the other, so that the record has the order of the effects. */
  function inOrder<T>(step: () => Promise<T>): Promise<T> {
    const mine = last.then(step);
    last = mine.catch(() => {});
    return mine;
  }

  /** A step that changes the disk: a point. */
  function point<T>(words: string, step: () => Promise<T>): Promise<T> {
    return inOrder(async () => {
      refuseAfterCut();
      if (points.length + 1 === cutAt) {
        isCut = true;
        refuseAfterCut();
      }
      points.push(words);
      return step();
    });
  }

  function look<T>(step: () => Promise<T>): Promise<T> {
    return inOrder(async () => {
      refuseAfterCut();
      return step();
    });
  }

  function refuseAfterCut(): void {
    if (isCut) throw new PowerCut(`the power went before point ${cutAt}`);
  }

  async function recordName(step: Omit<NameStep, 'folders'>): Promise<void> {
    const folders = await Promise.all(step.paths.map(name => identityOf(path.dirname(name))));
    names.add({ ...step, folders });
  }

  /** Removing is moving away, so that it can be taken back. */
  async function bury(name: string): Promise<string> {
    await mkdir(graveyard, { recursive: true });
    buried += 1;
    const grave = path.join(graveyard, String(buried));
    await rename(name, grave);
    return grave;
  }

  async function fileFlushed(identity: string): Promise<void> {
    await dirty.get(identity)?.forget();
    dirty.delete(identity);
    names.flushed(system === 'windows' ? () => true : step => step.file === identity);
  }

  async function dirtyFile(identity: string, file: string): Promise<UnflushedFile> {
    const known = dirty.get(identity) ?? (await watchData(await machineDisk.open(file, 'existing')));
    dirty.set(identity, known);
    return known;
  }

  const disk: Disk = {
    async open(file, mode) {
      const kind = await look(() => machineDisk.kind(file));
      const makes = kind === 'absent' && (mode === 'empty' || mode === 'keep');
      const open = makes
        ? await point(`make ${base(file)}`, () => make(file, mode))
        : await look(() => machineDisk.open(file, mode === 'empty' ? 'existing' : mode));
      const watched = watch(open, file, await identityOf(file));
      try {
        if (mode === 'empty' && !makes && (await open.sizeBytes()) > 0) await watched.truncate(0);
      } catch (error) {
        await open.close();
        throw error;
      }
      return watched;
    },
    rename: (from, to) =>
      point(`rename ${base(from)} to ${base(to)}`, async () => {
        const file = await identityOf(from);
        const grave = (await machineDisk.kind(to)) === 'file' ? await bury(to) : undefined;
        await rename(from, to);
        await recordName({
          paths: [from, to],
          file,
          undo: async () => {
            await rename(to, from);
            if (grave !== undefined) await rename(grave, to);
          },
        });
      }),
    link: (from, to) =>
      point(`link ${base(to)}`, async () => {
        await machineDisk.link(from, to);
        await recordName({ paths: [to], file: await identityOf(to), undo: () => machineDisk.unlink(to) });
      }),
    unlink: file =>
      point(`remove ${base(file)}`, async () => {
        const identity = await identityOf(file);
        const grave = await bury(file);
        await recordName({ paths: [file], file: identity, undo: () => rename(grave, file) });
      }),
    makeFolder: folder =>
      point(`make folder ${base(folder)}`, async () => {
        await machineDisk.makeFolder(folder);
        await recordName({
          paths: [folder],
          file: await identityOf(folder),
          undo: () => machineDisk.removeFolder(folder),
        });
      }),
    removeFolder: folder =>
      point(`remove folder ${base(folder)}`, async () => {
        const identity = await identityOf(folder);
        await machineDisk.removeFolder(folder);
        await recordName({ paths: [folder], file: identity, undo: () => machineDisk.makeFolder(folder) });
      }),
    flushFolder: folder => {
      if (system === 'windows') {
        return Promise.reject(
          Object.assign(new Error('EPERM: a folder cannot be flushed'), {
            code: 'EPERM',
            syscall: 'fsync',
            errno: -1,
          }),
        );
      }
      return point(`flush folder ${base(folder)}`, async () => {
        const identity = await identityOf(folder);
        names.flushed(step => step.folders.includes(identity));
      });
    },
    setModified: (file, modified) =>
      point(`set time of ${base(file)}`, () => machineDisk.setModified(file, modified)),
    makeWritable: file => point(`make writable ${base(file)}`, () => machineDisk.makeWritable(file)),
    kind: name => look(() => machineDisk.kind(name)),
    leadsToFolder: name => look(() => machineDisk.leadsToFolder(name)),
    list: folder => look(() => machineDisk.list(folder)),
    pour: async (from, to, { scratch, seen }) => {
      const target = await disk.open(to, 'empty');
      const source = await machineDisk.open(from, 'read').catch(async thrown => {
        await target.close();
        throw thrown;
      });
      try {
        for (let position = 0; ; ) {
          const length = await source.read(scratch, position);
          if (length > 0) await target.write(scratch.subarray(0, length), position);
          if (length > 0) seen(scratch.subarray(0, length));
          if (length < scratch.length) return;
          position += length;
        }
      } finally {
        await target.close();
        await source.close();
      }
    },
    fill: async (file, bytes) => {
      const target = await disk.open(file, 'empty');
      try {
        await target.write(bytes, 0);
      } finally {
        await target.close();
      }
    },
    flushVolumes: async () => {
      if (system === 'windows') return false;
      await point('flush the file system', async () => {
        for (const file of dirty.values()) await file.forget();
        dirty.clear();
        names.flushed(() => true);
      });
      return true;
    },
  };

  async function make(file: string, mode: 'empty' | 'keep' | 'existing' | 'read'): Promise<OpenFile> {
    const open = await machineDisk.open(file, mode);
    await recordName({ paths: [file], file: await identityOf(file), undo: () => machineDisk.unlink(file) });
    return open;
  }

  function watch(open: OpenFile, file: string, identity: string): OpenFile {
    return {
      write: (bytes, position) =>
        point(`write ${bytes.length} bytes of ${base(file)}`, async () => {
          await (await dirtyFile(identity, file)).wrote(bytes, position);
          await open.write(bytes, position);
        }),
      truncate: lengthBytes =>
        point(`truncate ${base(file)}`, async () => {
          await (await dirtyFile(identity, file)).truncated(lengthBytes);
          await open.truncate(lengthBytes);
        }),
      // What the real flush would cost is not the matter here: the loss is made by taking back.
      flush: () => point(`flush ${base(file)}`, () => fileFlushed(identity)),
      read: (into, position) => look(() => open.read(into, position)),
      sizeBytes: () => look(() => open.sizeBytes()),
      close: () => open.close(),
    };
  }

  return {
    files: openDurableFiles(disk, { pausesMs: [] }),
    disk,
    points,
    get isCut() {
      return isCut;
    },
    async loseUnflushed(loss, seed = 0) {
      await last;
      isCut = true;
      const random = seeded(seed);
      for (const file of dirty.values())
        await file.lose(() => (loss === 'mixed' ? random.pick(['dropped', 'kept', 'torn', 'zeroed']) : loss));
      dirty.clear();
      await names.lose(() => (loss === 'mixed' ? random.next() < 0.5 : loss !== 'dropped'));
      await rm(graveyard, { recursive: true, force: true });
    },
  };
}

function base(file: string): string {
  return path.basename(file);
}

/** A file or folder by what stays the same when it is renamed. */
async function identityOf(name: string): Promise<string> {
  const { dev, ino } = await lstat(name, { bigint: true });
  return `${dev}:${ino}`;
}
