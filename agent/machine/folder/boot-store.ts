// The boot store of a rehearsal: `boot-store.json`, which plays the BCD. Its first entry is the media's own WinPE, the default until hand-over.
import path from 'node:path';
import { z } from 'zod';
import type { DurableFiles } from '../../durable/durable-files.ts';
import { Fault } from '../../fault/fault.ts';
import { readRehearsalFile } from './machine-file.ts';

const FILE = 'boot-store.json';
const MEDIA = 'media';

const bootStoreSchema = z.strictObject({
  default: z.string(),
  /** In the order of the boot menu. `windows` is the Windows folder relative to the rehearsal folder, with `/`; absent for the media. */
  entries: z.array(
    z.strictObject({ id: z.string(), description: z.string(), windows: z.string().optional() }),
  ),
});
type BootStoreDocument = Readonly<z.infer<typeof bootStoreSchema>>;

const AS_PRESTAGED: BootStoreDocument = {
  default: MEDIA,
  entries: [{ id: MEDIA, description: 'Prestaged media' }],
};

/** Changes are durable when they return; a repeated change leaves the store as it is. */
export interface BootStore {
  has(windowsFolder: string): Promise<boolean>;
  add(windowsFolder: string): Promise<void>;
  makeDefault(windowsFolder: string): Promise<void>;
  /** @returns whether anything changed. */
  returnToMedia(): Promise<boolean>;
  removeMedia(): Promise<void>;
}

/** @param disk the rehearsal folder. Faults: USAGE-02 when the file is not a boot store, IMAGE-06 for what bcdboot or bcdedit would refuse. */
export function openBootStore(disk: string, durable: DurableFiles): BootStore {
  const read = async (): Promise<BootStoreDocument> =>
    (await readRehearsalFile(disk, FILE, bootStoreSchema)) ?? AS_PRESTAGED;
  const write = (store: BootStoreDocument): Promise<void> =>
    durable.replaceFile(path.join(disk, FILE), Buffer.from(`${JSON.stringify(store, undefined, 2)}\n`));
  const keyOf = (windowsFolder: string): string =>
    path.relative(disk, windowsFolder).split(path.sep).join('/');

  return {
    async has(windowsFolder) {
      return (await read()).entries.some(entry => entry.windows === keyOf(windowsFolder));
    },

    async add(windowsFolder) {
      const windows = keyOf(windowsFolder);
      const store = await read();
      if (store.entries.some(entry => entry.windows === windows)) return;
      await write({
        ...store,
        entries: [...store.entries, { id: windows, description: 'Windows', windows }],
      });
    },

    async makeDefault(windowsFolder) {
      const store = await read();
      const entry = store.entries.find(each => each.windows === keyOf(windowsFolder));
      if (!entry)
        throw new Fault('IMAGE-06', windowsFolder, { expected: 'an entry in the boot store', found: 'none' });
      if (store.default !== entry.id) await write({ ...store, default: entry.id });
    },

    async returnToMedia() {
      const store = await read();
      if (store.default === MEDIA || !store.entries.some(entry => entry.id === MEDIA)) return false;
      await write({ ...store, default: MEDIA });
      return true;
    },

    async removeMedia() {
      const store = await read();
      if (!store.entries.some(entry => entry.id === MEDIA)) return;
      if (store.default === MEDIA)
        throw new Fault('IMAGE-06', MEDIA, {
          expected: 'another default entry',
          found: 'the media is still the default',
        });
      await write({ ...store, entries: store.entries.filter(entry => entry.id !== MEDIA) });
    },
  };
}
