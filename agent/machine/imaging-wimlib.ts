// Imaging by libwim: Linux always, Windows when libwim-15.dll is asked for or the only one there. Applies and captures.
import { rename, rm, statfs } from 'node:fs/promises';
import type { FaultCode } from '../fault/catalogue.ts';
import { type Detail, Fault } from '../fault/fault.ts';
import type { Native, NativeCallback, NativeLibrary } from '../native/library.ts';
import type { NativeMemory } from '../native/memory.ts';
import { type NativeText, nativeText } from '../native/text.ts';
import {
  ALL_IMAGES,
  CHANGE_BOOT_INDEX,
  COMPRESSION,
  ERROR,
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

    async apply({ wim, index, target, signal, advance }) {
      const image = imageOf(await describeWim(wim), index, wim);
      await requireFolder(target);
      const context = { wim, target, doing: 'apply' } as const;
      await withProgress(
        { signal, advance, expectedBytes: image.totalBytes ?? 0, message: 'extract' },
        async (progress, finish) => {
          const struct = await openWim(wim, progress, context);
          try {
            await check(
              library.callInThread('wimlib_extract_image', struct, index, tchars(target), 0),
              context,
            );
            finish();
          } finally {
            library.call('wimlib_free', struct);
          }
        },
      );
    },

    async capture({ wim, images, compression, bootIndex, signal, advance }) {
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
                    0,
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
              const flags = WRITE_CHECK_INTEGRITY | WRITE_FSYNC;
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

  async function openWim(wim: string, progress: NativeCallback, context: Context): Promise<WimStruct> {
    const struct = Buffer.alloc(8);
    await check(
      library.callInThread('wimlib_open_wim_with_progress', tchars(wim), 0, struct, progress, NO_POINTER),
      context,
    );
    return struct.readBigUInt64LE();
  }

  function newWim(compression: keyof typeof COMPRESSION, context: Context): WimStruct {
    const struct = Buffer.alloc(8);
    const { value } = library.call('wimlib_create_new_wim', COMPRESSION[compression], struct);
    if (value !== 0) throw new Fault('IMAGE-08', context.wim, { native: value, message: messageOf(value) });
    return struct.readBigUInt64LE();
  }

  async function markBootable(struct: WimStruct, bootIndex: number, context: Context): Promise<void> {
    const info = Buffer.alloc(WIM_INFO.lengthBytes);
    info.writeUInt32LE(bootIndex, WIM_INFO.bootIndex);
    await check(library.call('wimlib_set_wim_info', struct, info, CHANGE_BOOT_INDEX), context);
  }

  /** Runs `work` with a progress function that reports, aborts when told to, and is freed at the end. */
  async function withProgress(
    request: {
      readonly signal?: AbortSignal;
      readonly advance?: Advance;
      readonly expectedBytes: number;
      readonly message: keyof typeof PROGRESS_FIELDS;
    },
    work: (progress: NativeCallback, finish: () => void) => Promise<void>,
  ): Promise<void> {
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
      await work(progress, meter.end);
    } catch (thrown) {
      throw progress.failure() ?? thrown;
    } finally {
      progress.free();
    }
  }

  async function check(call: Promise<Called> | Called, context: Context): Promise<void> {
    const { value, lastError } = await call;
    if (value === 0) return;
    throw await wimlibFault(value, lastError, messageOf(value), context);
  }

  function messageOf(code: number): string {
    const address = library.call('wimlib_get_error_string', code).value;
    return text === 'utf8' ? memory.utf8(address) : memory.utf16(address);
  }
}

interface Called {
  readonly value: number;
  readonly lastError: number;
}

interface Context {
  readonly wim: string;
  readonly target: string;
  readonly doing: 'apply' | 'capture';
}

const DAMAGED: ReadonlySet<number> = new Set([
  ERROR.decompression,
  ERROR.imageCount,
  ERROR.integrity,
  ERROR.invalidChunkSize,
  ERROR.invalidHeader,
  ERROR.invalidIntegrityTable,
  ERROR.invalidLookupTableEntry,
  ERROR.invalidMetadataResource,
  ERROR.invalidResourceHash,
  ERROR.resourceNotFound,
  ERROR.unexpectedEndOfFile,
  ERROR.xml,
]);

/** A volume with less than this left is full, whatever number the library gave: a cleaned-up errno may name something else. */
const FULL_BELOW_BYTES = 1024 * 1024;

async function wimlibFault(
  code: number,
  lastError: number,
  message: string,
  { wim, target, doing }: Context,
): Promise<Fault> {
  const detail: Detail = { native: code, message, lastError };
  if (code === ERROR.abortedByProgress) return new Fault('STOP-01', doing === 'apply' ? target : wim, detail);
  const freeBytes = await freeBytesAt(target);
  if (freeBytes !== undefined && freeBytes < FULL_BELOW_BYTES)
    return new Fault('DISK-01', target, { ...detail, freeBytes });
  return new Fault(codeOf(code, doing), code === ERROR.write ? target : wim, { ...detail, target });
}

function codeOf(code: number, doing: Context['doing']): FaultCode {
  if (doing === 'capture') return 'IMAGE-08';
  if (code === ERROR.notAWimFile || code === ERROR.unknownVersion) return 'IMAGE-01';
  if (code === ERROR.invalidImage) return 'IMAGE-03';
  return DAMAGED.has(code) ? 'IMAGE-02' : 'IMAGE-04';
}

async function freeBytesAt(path: string): Promise<number | undefined> {
  for (const place of [path, path.replace(/[\\/][^\\/]*$/, '')]) {
    try {
      const { bavail, bsize } = await statfs(place);
      return bavail * bsize;
    } catch {
      // Not there (a capture that wrote nothing yet): its folder tells.
    }
  }
  return undefined;
}
