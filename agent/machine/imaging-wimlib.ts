// Imaging by libwim: Linux always, Windows when libwim-15.dll is asked for or the only one there. Applies and captures.
import { rename, rm } from 'node:fs/promises';
import { Fault } from '../fault/fault.ts';
import type { Native, NativeCallback, NativeLibrary } from '../native/library.ts';
import type { NativeMemory } from '../native/memory.ts';
import { type NativeText, nativeText } from '../native/text.ts';
import {
  ADD_NO_ACLS,
  ALL_IMAGES,
  CHANGE_BOOT_INDEX,
  COMPRESSION,
  DIR_ENTRY,
  DIR_ENTRY_FUNCTION,
  ERROR,
  EXTRACT_NTFS,
  ITERATE_CHILDREN,
  MESSAGE,
  PROGRESS_ABORT,
  PROGRESS_CONTINUE,
  PROGRESS_FIELDS,
  PROGRESS_FUNCTION,
  WIM_INFO,
  type WIMLIB,
  WRITE_CHECK_INTEGRITY,
  WRITE_FSYNC,
} from '../native/wimlib.ts';
import type { Advance } from '../progress/event.ts';
import { describeWim, imageOf } from '../wim/read-wim.ts';
import { imagingProgress } from './imaging-progress.ts';
import type { Imaging } from './machine.ts';
import { requireFolder } from './require-folder.ts';
import { type WimlibContext, wimlibFault } from './wimlib-faults.ts';

export interface WimlibParts {
  readonly native: Native;
  readonly library: NativeLibrary<typeof WIMLIB>;
  readonly memory: NativeMemory;
  /** How this build of the library takes text: UTF-16 on Windows, UTF-8 elsewhere. */
  readonly text: NativeText;
}

/** A pointer to a WIMStruct, until it is freed. */
type WimStruct = bigint;

const NO_POINTER = 0n;

/** @returns Imaging over an opened libwim. The library is initialised once here; each apply or capture has its own WIMStruct. */
export function wimlibImaging({ native, library, memory, text }: WimlibParts): Imaging {
  library.call('wimlib_global_init', 0);
  const version = library.call('wimlib_get_version').value;
  const tchars = (value: string): Uint8Array => nativeText(value, text);

  return {
    name: `wimlib ${version >> 20}.${(version >> 10) & 0x3ff}.${version & 0x3ff} (${library.path})`,

    async listImages(wimPath) {
      return (await describeWim(wimPath)).images;
    },

    async hasFile({ wim, index, path }) {
      const context = { wim, target: wim, doing: 'apply' } as const;
      return withProgress({ expectedBytes: 0, message: 'extract' }, async progress => {
        const struct = await openWim(wim, progress, context);
        try {
          let found = '';
          for (const name of path.split('/')) {
            const names = await namesIn(struct, index, found === '' ? '/' : found, context);
            const same = names.find(each => each.toLowerCase() === name.toLowerCase());
            if (same === undefined) return false;
            found = `${found}/${same}`;
          }
          return true;
        } finally {
          library.call('wimlib_free', struct);
        }
      });
    },

    async apply({ wim, index, target, signal, advance }) {
      await requireFolder(target);
      await extract({ wim, index, target, flags: 0, ...(signal && { signal }), ...(advance && { advance }) });
    },

    // libwim knows NTFS volumes through libntfs-3g, which its Windows builds have no need of.
    ...(text === 'utf8' && {
      async applyToNtfs({ volumeFile, ...request }) {
        await extract({ ...request, target: volumeFile, flags: EXTRACT_NTFS });
      },
    }),

    async capture({ wim, images, compression, bootIndex, unflushed, signal, advance }) {
      const partial = `${wim}.partial`;
      const context = { wim, target: partial, doing: 'capture' } as const;
      try {
        await withProgress(
          { signal, advance, expectedBytes: 0, message: 'writeStreams' },
          async (progress, finish) => {
            const struct = newWim(compression, context);
            try {
              library.call('wimlib_register_progress_function', struct, progress, NO_POINTER);
              for (const [position, { folder, name, description }] of images.entries()) {
                await requireFolder(folder);
                await check(
                  library.callInThread(
                    'wimlib_add_image',
                    struct,
                    tchars(folder),
                    tchars(name),
                    NO_POINTER,
                    ADD_NO_ACLS, // as by wimgapi, see wimgapi-capture.ts
                  ),
                  context,
                );
                if (description !== undefined) {
                  await check(
                    library.call('wimlib_set_image_descripton', struct, position + 1, tchars(description)),
                    context,
                  );
                }
              }
              if (bootIndex !== undefined) await markBootable(struct, bootIndex, context);
              const flags = WRITE_CHECK_INTEGRITY | (unflushed === true ? 0 : WRITE_FSYNC);
              await check(
                library.callInThread('wimlib_write', struct, tchars(partial), ALL_IMAGES, flags, 0),
                context,
              );
              finish();
            } finally {
              library.call('wimlib_free', struct);
            }
          },
        );
        await rename(partial, wim);
      } finally {
        await rm(partial, { force: true });
      }
    },
  };

  /** The names in a folder of an image; none where what has this name is a file. */
  async function namesIn(
    struct: WimStruct,
    index: number,
    folder: string,
    context: WimlibContext,
  ): Promise<readonly string[]> {
    const names: string[] = [];
    const callback = native.createCallback({
      ...DIR_ENTRY_FUNCTION,
      whenThrown: ERROR.abortedByProgress,
      run(address) {
        const entry = memory.copy(BigInt.asUintN(64, BigInt(address ?? 0)), DIR_ENTRY.lengthBytes);
        const name = entry.readBigUInt64LE(DIR_ENTRY.filename);
        names.push(text === 'utf8' ? memory.utf8(name) : memory.utf16(name));
        return 0;
      },
    });
    try {
      await check(
        library.callInThread(
          'wimlib_iterate_dir_tree',
          struct,
          index,
          tchars(folder),
          ITERATE_CHILDREN,
          callback,
          NO_POINTER,
        ),
        context,
      );
      return names;
    } finally {
      callback.free();
    }
  }

  async function extract({ wim, index, target, flags, signal, advance }: Extraction): Promise<void> {
    const image = imageOf(await describeWim(wim), index, wim);
    const context = { wim, target, doing: 'apply' } as const;
    await withProgress(
      { signal, advance, expectedBytes: image.totalBytes ?? 0, message: 'extract' },
      async (progress, finish) => {
        const struct = await openWim(wim, progress, context);
        try {
          await check(
            library.callInThread('wimlib_extract_image', struct, index, tchars(target), flags),
            context,
          );
          finish();
        } finally {
          library.call('wimlib_free', struct);
        }
      },
    );
  }

  async function openWim(wim: string, progress: NativeCallback, context: WimlibContext): Promise<WimStruct> {
    const struct = Buffer.alloc(8);
    await check(
      library.callInThread('wimlib_open_wim_with_progress', tchars(wim), 0, struct, progress, NO_POINTER),
      context,
    );
    return struct.readBigUInt64LE();
  }

  function newWim(compression: keyof typeof COMPRESSION, context: WimlibContext): WimStruct {
    const struct = Buffer.alloc(8);
    const { value } = library.call('wimlib_create_new_wim', COMPRESSION[compression], struct);
    if (value !== 0) throw new Fault('IMAGE-08', context.wim, { native: value, message: messageOf(value) });
    return struct.readBigUInt64LE();
  }

  async function markBootable(struct: WimStruct, bootIndex: number, context: WimlibContext): Promise<void> {
    const info = Buffer.alloc(WIM_INFO.lengthBytes);
    info.writeUInt32LE(bootIndex, WIM_INFO.bootIndex);
    await check(library.call('wimlib_set_wim_info', struct, info, CHANGE_BOOT_INDEX), context);
  }

  /** Runs `work` with a progress function that reports, aborts when told to, and is freed at the end. */
  async function withProgress<Result>(
    request: {
      readonly signal?: AbortSignal;
      readonly advance?: Advance;
      readonly expectedBytes: number;
      readonly message: keyof typeof PROGRESS_FIELDS;
    },
    work: (progress: NativeCallback, finish: () => void) => Promise<Result>,
  ): Promise<Result> {
    const { signal } = request;
    const meter = imagingProgress(request.advance, request.expectedBytes);
    const fields = PROGRESS_FIELDS[request.message];
    const awaited = request.message === 'extract' ? MESSAGE.extractStreams : MESSAGE.writeStreams;
    const progress = native.createCallback({
      ...PROGRESS_FUNCTION,
      whenThrown: PROGRESS_ABORT,
      run(message, address) {
        if (signal?.aborted) return PROGRESS_ABORT;
        if (message !== awaited) return PROGRESS_CONTINUE;
        const info = memory.copy(BigInt.asUintN(64, BigInt(address ?? 0)), fields.lengthBytes);
        meter.to(
          Number(info.readBigUInt64LE(fields.completedBytes)),
          Number(info.readBigUInt64LE(fields.totalBytes)),
        );
        return PROGRESS_CONTINUE;
      },
    });
    try {
      if (signal?.aborted) throw new Fault('STOP-01', library.path);
      return await work(progress, meter.end);
    } catch (thrown) {
      throw progress.failure() ?? thrown;
    } finally {
      progress.free();
    }
  }

  async function check(call: Promise<Called> | Called, context: WimlibContext): Promise<void> {
    const { value, lastError } = await call;
    if (value === 0) return;
    throw await wimlibFault(value, lastError, messageOf(value), context);
  }

  function messageOf(code: number): string {
    const address = library.call('wimlib_get_error_string', code).value;
    return text === 'utf8' ? memory.utf8(address) : memory.utf16(address);
  }
}

interface Extraction {
  readonly wim: string;
  readonly index: number;
  readonly target: string;
  readonly flags: number;
  readonly signal?: AbortSignal;
  readonly advance?: Advance;
}

interface Called {
  readonly value: number;
  readonly lastError: number;
}
