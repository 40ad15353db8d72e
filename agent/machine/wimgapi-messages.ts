// What wimgapi.dll says while it works, by its message callback: how far it is, for which file it failed, and its questions whether to go on.
import type { NativeCallback } from '../native/library.ts';
import { ANSWER, MESSAGE, MESSAGE_CALLBACK } from '../native/wimgapi.ts';
import type { WimgapiParts } from './imaging-wimgapi.ts';
import { type LastError, namingFile } from './wimgapi-faults.ts';

/** Told as it comes. By files, where the DLL tells that; by percent of the whole operation. */
export interface WimgapiProgress {
  range?(files: number): void;
  position?(file: number): void;
  percent(done: number): void;
}

/** Runs `work` with a message callback that reports, aborts when told to, and is freed at the end. */
export async function withMessages(
  { native, memory }: Pick<WimgapiParts, 'native' | 'memory'>,
  progress: WimgapiProgress,
  signal: AbortSignal | undefined,
  work: (callback: NativeCallback) => Promise<void>,
): Promise<void> {
  const last: LastError = { path: '', error: 0 };
  const callback = native.createCallback({
    ...MESSAGE_CALLBACK,
    whenThrown: ANSWER.abortImage,
    run(message, first, second) {
      switch (message) {
        case MESSAGE.setRange:
          progress.range?.(Number(second));
          return ANSWER.success;
        case MESSAGE.setPosition:
          progress.position?.(Number(second));
          return ANSWER.success;
        case MESSAGE.progress:
          progress.percent(Number(first));
          return ANSWER.success;
        // "To cancel an image apply or image capture, return WIM_MSG_ABORT_IMAGE when handling the WIM_MSG_PROCESS message." One comes for every file.
        case MESSAGE.process:
        case MESSAGE.queryAbort:
          return signal?.aborted ? ANSWER.abortImage : ANSWER.success;
        case MESSAGE.error:
          last.path = memory.utf16(BigInt.asUintN(64, BigInt(first ?? 0)));
          last.error = Number(second) >>> 0;
          return ANSWER.success;
        default:
          return ANSWER.success;
      }
    },
  });
  try {
    await work(callback);
  } catch (thrown) {
    throw callback.failure() ?? namingFile(thrown, last);
  } finally {
    callback.free();
  }
}
