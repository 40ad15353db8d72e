// Reads and changes the images of one WIM by wimlib-imagex: what lies in an image, single files out of it, a tree into it.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Advice } from '../setup/say.mjs';
import { need } from './host.mjs';
import { runTool, ToolFailed } from './run-tool.mjs';

/** wimlib.h: decompression, integrity, integrity table, blob table entry, metadata, resource digest, a blob that is not there, the end of the file. */
const DAMAGED = [2, 13, 19, 20, 21, 28, 55, 65];

/**
 * @param {{ name?: string, signal?: AbortSignal }} options `name` is what the WIM came from; `signal` ends the program that runs
 * Whatever it does, it throws advice when the WIM is damaged.
 */
export function wimImages(wim, { name = wim, signal } = {}) {
  const program = need('wimlib-imagex');
  const wimlib = async (words, options) => {
    try {
      return await runTool(program, words, { signal, ...options });
    } catch (thrown) {
      if (!(thrown instanceof ToolFailed) || !DAMAGED.includes(thrown.code)) throw thrown;
      throw new Advice(
        `${name} is damaged: its files do not have the digests that it gives. Nothing was put in place. Get it again from where it came from. (wimlib: ${thrown.words})`,
      );
    }
  };
  return {
    wim,

    /** @returns every file and folder of an image by its path in lower case, such as `/windows/system32/ntdll.dll` */
    async list(index) {
      return parseListing(await wimlib(['dir', wim, String(index), '--detailed']));
    },

    /** The bytes of a file that `list` has, by way of `folder`. */
    async read(index, entry, folder) {
      await wimlib(['extract', wim, String(index), entry.path, `--dest-dir=${folder}`, '--no-acls']);
      return readFileSync(join(folder, basename(entry.path)));
    },

    /** Deletes `paths` with all below them, then lays `tree` over the image: folders are merged, in whatever case the image spells them. */
    async change(index, { paths, tree, folder, onPercent }) {
      const commands = [
        ...paths.map(path => `delete --force --recursive ${quoted(path)}`),
        `add ${quoted(tree)} /`,
      ];
      // Windows' wimlib would take over who may read the staging folder; Linux' knows no such thing.
      await wimlib(['update', wim, String(index), '--check', '--no-acls'], {
        cwd: folder, // the tree is named from here, so that no path of the user's has to be quoted
        input: `${commands.join('\n')}\n`,
        onPercent,
      });
    },

    /** Makes an image the one that starts. */
    async makeBootable(index) {
      await wimlib(['info', wim, String(index), '--boot', '--check']);
    },

    /** Rewrites the WIM without what nothing refers to, with an integrity table; compresses anew when `compress` says how. */
    async optimize({ compress, onPercent } = {}) {
      const how = compress === undefined ? [] : [`--compress=${compress}`];
      await wimlib(['optimize', wim, '--check', ...how], { onPercent });
    },

    /** Reads every file of every image and compares it with its digest. */
    async verify(onPercent) {
      await wimlib(['verify', wim], { onPercent });
    },
  };
}

const quoted = path => `'${path}'`;

/** `wimlib-imagex dir --detailed`: a line of dashes, then `name = value` lines, for each file. Of its streams the unnamed one is the file's own data. */
function parseListing(text) {
  const entries = new Map();
  for (const block of text.split(/^-{20,}$/m)) {
    const path = /^Full Path {2,}= "(.*)"$/m.exec(block)?.[1];
    if (path === undefined) continue;
    const number = name => Number(new RegExp(`^${name} += (\\d+) bytes$`, 'm').exec(block)?.[1] ?? 0);
    entries.set(path.toLowerCase(), {
      path,
      isFolder: block.includes('FILE_ATTRIBUTE_DIRECTORY'),
      sha1: /Unnamed data stream:\s+Hash += 0x([0-9a-f]{40})$/m.exec(block)?.[1],
      bytes: number('Uncompressed size'),
      storedBytes: number('Compressed size'),
    });
  }
  return entries;
}
