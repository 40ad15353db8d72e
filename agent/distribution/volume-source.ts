// A folder on a volume that is named by its label: a stick has whatever letter is free, and may be plugged in while the run goes on.
import path from 'node:path';
import { Fault } from '../fault/fault.ts';
import type { Source, SourceAddress } from './source.ts';

/** What there is to look through. */
export interface LabelledVolume {
  readonly label: string;
  /** As node:fs takes it. */
  readonly root: string;
}

export type ListVolumes = () => Promise<readonly LabelledVolume[]>;

interface NamedFolder {
  readonly label: string;
  /** Below the volume's root; its names. */
  readonly names: readonly string[];
}

/** @returns what `volume:LABEL/folder` names; undefined for every other address. */
export function volumeOf(url: string): NamedFolder | undefined {
  const [, label, rest = ''] = /^volume:([^\\/"*:<>?|]+)((?:\/[^\\/"*:<>?|]+)*)\/?$/i.exec(url) ?? [];
  if (label === undefined) return undefined;
  const names = rest.split('/').slice(1);
  return [label, ...names].some(name => name === '.' || name === '..') ? undefined : { label, names };
}

/**
 * Each read looks for the volume until there is one with the label (case does not tell two apart); of several the first that has what is asked for.
 * Fault: NET-01 there is none.
 * @param openAt reads a folder by its path
 */
export function openVolumeSource(
  address: SourceAddress,
  { label, names }: NamedFolder,
  volumes: ListVolumes,
  openAt: (folder: string) => Source,
): Source {
  let found: { readonly folder: string; readonly source: Source } | undefined;

  async function folders(): Promise<readonly string[]> {
    const listed = await volumes().catch(cause => {
      if (!(cause instanceof Fault)) throw cause;
      // A stick that is pulled out while it is looked for is no failure of this machine's disk.
      throw new Fault('NET-01', address.url, {}, { cause });
    });
    const named = listed.filter(each => each.label.toLowerCase() === label.toLowerCase());
    return named.map(({ root }) => path.join(root, ...names));
  }

  async function fromOne<T>(ask: (source: Source) => Promise<T>): Promise<T> {
    let failure: unknown;
    /** That one has not the file says more than that another has not the folder. */
    const passOver = (thrown: unknown): void => {
      if (!isGone(thrown) && !isAbsent(thrown)) throw thrown;
      if (failure === undefined || isAbsent(thrown)) failure = thrown;
    };
    const before = found;
    if (before !== undefined) {
      try {
        return await ask(before.source);
      } catch (thrown) {
        passOver(thrown);
        // Pulled out, or plugged in elsewhere.
        if (isGone(thrown)) found = undefined;
      }
    }
    for (const folder of await folders()) {
      if (folder === found?.folder) continue;
      const source = openAt(folder);
      try {
        const answer = await ask(source);
        found = { folder, source };
        return answer;
      } catch (thrown) {
        passOver(thrown);
      }
    }
    throw failure ?? new Fault('NET-01', address.url, { expected: `a volume with the label ${label}` });
  }

  return {
    name: address.url,
    priority: address.priority,
    ...(address.level === undefined ? {} : { level: address.level }),
    readDocument: (name, options) => fromOne(source => source.readDocument(name, options)),
    read: (name, options) => fromOne(source => source.read(name, options)),
    close: async () => {},
  };
}

function isGone(thrown: unknown): boolean {
  return thrown instanceof Fault && thrown.code === 'NET-01';
}

function isAbsent(thrown: unknown): boolean {
  return thrown instanceof Fault && thrown.code === 'NET-02';
}
