// Captures folders into a new WIM by wimgapi.dll: with an integrity table, under a temporary name until it is whole.
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { diskFault } from '../durable/disk-fault.ts';
import { folderBytes } from '../durable/folder-bytes.ts';
import { Fault } from '../fault/fault.ts';
import type { NativeCallback } from '../native/library.ts';
import { wide } from '../native/text.ts';
import {
  COMPRESSION,
  REGISTER_FAILED,
  WIM_CREATE_NEW,
  WIM_FLAG_NO_DIRACL,
  WIM_FLAG_NO_FILEACL,
  WIM_FLAG_VERIFY,
  WIM_GENERIC_READ,
  WIM_GENERIC_WRITE,
} from '../native/wimgapi.ts';
import { imageInformation } from '../wim/image-information.ts';
import { type CaptureProgress, captureProgress } from './capture-progress.ts';
import type { WimgapiParts } from './imaging-wimgapi.ts';
import type { Imaging } from './machine.ts';
import { requireFolder } from './require-folder.ts';
import { captureFault } from './wimgapi-faults.ts';
import { withMessages } from './wimgapi-messages.ts';

type Request = Parameters<Imaging['capture']>[0];

/**
 * No rights: those of the author's folders name accounts of the author's computer, and what is applied shall inherit those of its new place. Libwim
 * on Linux, which sees none, captures the same.
 */
const CAPTURE_FLAGS = WIM_FLAG_NO_DIRACL | WIM_FLAG_NO_FILEACL;

/** As Imaging.capture promises. */
export async function captureWithWimgapi(parts: WimgapiParts, request: Request): Promise<void> {
  const { wim, images, unflushed, signal, advance } = request;
  if (signal?.aborted) throw new Fault('STOP-01', wim);
  for (const { folder } of images) await requireFolder(folder);
  const progress = captureProgress(
    await Promise.all(images.map(({ folder }) => folderBytes(folder))),
    advance,
  );
  const partial = `${wim}.partial`;
  const temporary = `${wim}.temporary`;
  try {
    await rm(partial, { force: true }); // of a run that was cut
    await mkdir(temporary, { recursive: true });
    await withMessages(parts, progress, signal, callback =>
      write(parts, { ...request, partial, temporary, callback, progress }),
    );
    if (unflushed !== true) await flush(partial);
    await rename(partial, wim);
    progress.end();
  } catch (thrown) {
    throw diskFault('capture', wim, thrown);
  } finally {
    await rm(partial, { force: true });
    await rm(temporary, { recursive: true, force: true });
  }
}

interface Writing extends Request {
  readonly partial: string;
  readonly temporary: string;
  readonly callback: NativeCallback;
  readonly progress: CaptureProgress;
}

async function write({ library }: WimgapiParts, request: Writing): Promise<void> {
  const { partial, temporary, callback, images, compression, bootIndex, signal, progress } = request;
  const expect = (succeeded: boolean, doing: string, lastError: number): void => {
    if (!succeeded) throw captureFault(lastError, doing, request.wim);
  };
  const opened = await library.callInThread(
    'WIMCreateFile',
    wide(partial),
    // The operator's number would be negative.
    (WIM_GENERIC_READ | WIM_GENERIC_WRITE) >>> 0,
    WIM_CREATE_NEW,
    WIM_FLAG_VERIFY,
    COMPRESSION[compression],
    Buffer.alloc(4),
  );
  expect(opened.value !== 0n, 'WIMCreateFile', opened.lastError);
  const file = opened.value;
  let whole = false;
  try {
    const placed = library.call('WIMSetTemporaryPath', file, wide(temporary));
    expect(placed.value !== 0, 'WIMSetTemporaryPath', placed.lastError);
    const registered = library.call('WIMRegisterMessageCallback', file, callback, 0n);
    expect(registered.value !== REGISTER_FAILED, 'WIMRegisterMessageCallback', registered.lastError);
    try {
      for (const image of images) {
        if (signal?.aborted) throw new Fault('STOP-01', request.wim);
        const captured = await library.callInThread(
          'WIMCaptureImage',
          file,
          wide(image.folder),
          CAPTURE_FLAGS,
        );
        expect(captured.value !== 0n, 'WIMCaptureImage', captured.lastError);
        try {
          const information = wide(imageInformation(image));
          // The buffer ends with a zero that is not counted.
          const lengthBytes = information.length - 2;
          const named = library.call('WIMSetImageInformation', captured.value, information, lengthBytes);
          expect(named.value !== 0, 'WIMSetImageInformation', named.lastError);
        } finally {
          library.call('WIMCloseHandle', captured.value);
        }
        progress.endImage();
      }
      if (bootIndex !== undefined) {
        const marked = library.call('WIMSetBootImage', file, bootIndex);
        expect(marked.value !== 0, 'WIMSetBootImage', marked.lastError);
      }
      whole = true;
    } finally {
      library.call('WIMUnregisterMessageCallback', file, callback);
    }
  } finally {
    // Closing writes what is still missing, such as the integrity table over all of the file.
    const closed = await library.callInThread('WIMCloseHandle', file);
    if (whole) expect(closed.value !== 0, 'WIMCloseHandle', closed.lastError);
  }
}

async function flush(file: string): Promise<void> {
  const handle = await open(file, 'r+'); // Windows flushes only what was opened for writing.
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
