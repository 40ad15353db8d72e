// Imaging by wimgapi.dll, which every WinPE and every Windows has: applies here, captures in wimgapi-capture.ts.
import { Fault } from '../fault/fault.ts';
import type { Native, NativeCallback, NativeLibrary } from '../native/library.ts';
import type { NativeMemory } from '../native/memory.ts';
import { wide } from '../native/text.ts';
import {
  REGISTER_FAILED,
  WIM_FLAG_CHUNKED,
  WIM_GENERIC_READ,
  WIM_OPEN_EXISTING,
  type WIMGAPI,
} from '../native/wimgapi.ts';
import { describeWim, imageOf } from '../wim/read-wim.ts';
import { imagingProgress } from './imaging-progress.ts';
import type { Imaging } from './machine.ts';
import { requireFolder } from './require-folder.ts';
import { captureWithWimgapi } from './wimgapi-capture.ts';
import { wimgapiFault } from './wimgapi-faults.ts';
import { withMessages } from './wimgapi-messages.ts';

export interface WimgapiParts {
  readonly native: Native;
  readonly library: NativeLibrary<typeof WIMGAPI>;
  readonly memory: NativeMemory;
  /** Where the DLL was loaded from, for the report. */
  readonly loadedFrom: string;
}

/** @returns Imaging over an opened wimgapi.dll. The DLL calls back from threads of its own, so every call that may do so runs off JavaScript's thread. */
export function wimgapiImaging({ native, library, memory, loadedFrom }: WimgapiParts): Imaging {
  return {
    name: `wimgapi (${loadedFrom})`,

    async listImages(wimPath) {
      return (await describeWim(wimPath)).images;
    },

    async hasFile() {
      return undefined; // wimgapi.dll looks into an image by mounting it alone.
    },

    async apply({ wim, index, target, temporary, signal, advance }) {
      const description = await describeWim(wim);
      const image = imageOf(description, index, wim);
      await requireFolder(target);
      await requireFolder(temporary);
      const meter = imagingProgress(advance, image.totalBytes ?? description.fileBytes);
      if (signal?.aborted) throw new Fault('STOP-01', target);
      const progress = { percent: (done: number) => meter.toShare(done / 100) };
      await withMessages({ native, memory }, progress, signal, callback =>
        applyWith({ wim, index, target, temporary, callback, solid: description.header.solid }),
      );
      meter.end();
    },

    capture: request => captureWithWimgapi({ native, library, memory, loadedFrom }, request),
  };

  async function applyWith(request: {
    readonly wim: string;
    readonly index: number;
    readonly target: string;
    readonly temporary: string;
    readonly callback: NativeCallback;
    readonly solid: boolean;
  }): Promise<void> {
    const { wim, target, callback } = request;
    const expect = (succeeded: boolean, doing: string, lastError: number): void => {
      if (!succeeded) throw wimgapiFault(lastError, doing, wim, target);
    };
    // Without WIM_FLAG_VERIFY: the file was proven by its SHA-256 chunk list just before, and verifying here would read it all once more.
    const flags = request.solid ? WIM_FLAG_CHUNKED : 0;
    const opened = await library.callInThread(
      'WIMCreateFile',
      wide(wim),
      WIM_GENERIC_READ,
      WIM_OPEN_EXISTING,
      flags,
      0,
      Buffer.alloc(4),
    );
    expect(opened.value !== 0n, 'WIMCreateFile', opened.lastError);
    const file = opened.value;
    try {
      // Required before WIMLoadImage. It must lie on the target's volume: the default would be X:, which is memory.
      const placed = library.call('WIMSetTemporaryPath', file, wide(request.temporary));
      expect(placed.value !== 0, 'WIMSetTemporaryPath', placed.lastError);
      const registered = library.call('WIMRegisterMessageCallback', file, callback, 0n);
      expect(registered.value !== REGISTER_FAILED, 'WIMRegisterMessageCallback', registered.lastError);
      try {
        const loaded = await library.callInThread('WIMLoadImage', file, request.index);
        expect(loaded.value !== 0n, 'WIMLoadImage', loaded.lastError);
        try {
          const applied = await library.callInThread('WIMApplyImage', loaded.value, wide(target), 0);
          expect(applied.value !== 0, 'WIMApplyImage', applied.lastError);
        } finally {
          library.call('WIMCloseHandle', loaded.value);
        }
      } finally {
        library.call('WIMUnregisterMessageCallback', file, callback);
      }
    } finally {
      library.call('WIMCloseHandle', file);
    }
  }
}
