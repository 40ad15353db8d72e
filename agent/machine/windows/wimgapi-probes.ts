// Probes of wimgapi.dll itself: its exports, the messages that it sends, and the error numbers that it gives, which no document lists.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { NativeLibrary } from '../../native/library.ts';
import { nativeText, wide } from '../../native/text.ts';
import {
  ANSWER,
  MESSAGE,
  MESSAGE_CALLBACK,
  WIM_GENERIC_READ,
  WIM_OPEN_EXISTING,
  WIMGAPI,
  WIMGAPI_NAMES,
  WIN32_ERROR,
} from '../../native/wimgapi.ts';
import { describeWim } from '../../wim/read-wim.ts';
import { fileVersion } from '../file-version.ts';
import { withTinyWim } from '../imaging-probes.ts';
import type { Probe } from '../probe.ts';
import { tinyWim } from '../tiny-wim.ts';
import { modulePath } from './module-path.ts';
import type { SystemLibraries } from './system-library.ts';

type Wimgapi = NativeLibrary<typeof WIMGAPI>;

/** @param folder an existing folder to write in. `mandatory` where wimgapi.dll is the library that images are applied with. */
export function wimgapiProbes(system: SystemLibraries, folder: string, mandatory: boolean): readonly Probe[] {
  const open = (): Wimgapi => {
    const { library, tried } = system.native.openLibrary(WIMGAPI_NAMES, WIMGAPI);
    if (!library) throw new Error(tried?.join('; '));
    return library;
  };
  return [
    {
      name: 'wimgapi exports',
      fact: 'wimgapi.dll has every function that is called.',
      mandatory,
      async run() {
        const module = system.kernel32.call('LoadLibraryW', wide('wimgapi.dll')).value;
        const missing = Object.keys(WIMGAPI).filter(
          name => system.kernel32.call('GetProcAddress', module, nativeText(name, 'utf8')).value === 0n,
        );
        const file = modulePath(system.kernel32, 'wimgapi.dll');
        return {
          holds: module !== 0n && missing.length === 0,
          seen: { file, version: file && (await fileVersion(file)), missing },
        };
      },
    },
    {
      name: 'wimgapi messages',
      fact: 'Applying sends progress and process messages, from which threads does not matter.',
      mandatory,
      run: () =>
        withTinyWim(folder, async places => {
          const { counts, percents, ...end } = await apply(system, open(), places, () => ANSWER.success);
          const holds =
            end.applied &&
            (counts[hex(MESSAGE.progress)] ?? 0) > 0 &&
            (counts[hex(MESSAGE.process)] ?? 0) > 0;
          return { holds, seen: { ...end, counts, percents } };
        }),
    },
    {
      name: 'wimgapi abort',
      fact: 'Answering WIM_MSG_ABORT_IMAGE to a process message ends the apply with 1235.',
      mandatory,
      run: () =>
        withTinyWim(folder, async places => {
          const end = await apply(system, open(), places, message =>
            message === MESSAGE.process ? ANSWER.abortImage : ANSWER.success,
          );
          return { holds: !end.applied && end.error === WIN32_ERROR.requestAborted, seen: { ...end } };
        }),
    },
    {
      name: 'wimgapi errors',
      fact: 'Damage is noticed. The numbers are what faults are told apart by.',
      mandatory: false,
      run: () => withTinyWim(folder, places => errorNumbers(system, open(), places)),
    },
  ];
}

interface Places {
  readonly wim: string;
  readonly target: string;
  readonly temporary: string;
  readonly root: string;
}

interface Applied {
  readonly applied: boolean;
  readonly failedIn?: string;
  readonly error?: number;
  /** Messages by number, such as `0x9478`. */
  readonly counts: Readonly<Record<string, number>>;
  readonly percents: readonly number[];
}

interface Variation {
  readonly index?: number;
  readonly noTemporaryPath?: boolean;
}

async function apply(
  { native }: SystemLibraries,
  wimgapi: Wimgapi,
  { wim, target, temporary }: Places,
  answer: (message: number) => number,
  { index = 1, noTemporaryPath = false }: Variation = {},
): Promise<Applied> {
  const counts: Record<string, number> = {};
  const percents: number[] = [];
  const failed = (failedIn: string, error: number): Applied => ({
    applied: false,
    failedIn,
    error,
    counts,
    percents,
  });
  const callback = native.createCallback({
    ...MESSAGE_CALLBACK,
    whenThrown: ANSWER.abortImage,
    run(message, first) {
      counts[hex(Number(message))] = (counts[hex(Number(message))] ?? 0) + 1;
      if (message === MESSAGE.progress) percents.push(Number(first));
      return answer(Number(message));
    },
  });
  try {
    const opened = await wimgapi.callInThread(
      'WIMCreateFile',
      wide(wim),
      WIM_GENERIC_READ,
      WIM_OPEN_EXISTING,
      0,
      0,
      Buffer.alloc(4),
    );
    if (opened.value === 0n) return failed('WIMCreateFile', opened.lastError);
    try {
      if (!noTemporaryPath) wimgapi.call('WIMSetTemporaryPath', opened.value, wide(temporary));
      wimgapi.call('WIMRegisterMessageCallback', opened.value, callback, 0n);
      const loaded = await wimgapi.callInThread('WIMLoadImage', opened.value, index);
      if (loaded.value === 0n) return failed('WIMLoadImage', loaded.lastError);
      const applied = await wimgapi.callInThread('WIMApplyImage', loaded.value, wide(target), 0);
      wimgapi.call('WIMCloseHandle', loaded.value);
      return applied.value === 0
        ? failed('WIMApplyImage', applied.lastError)
        : { applied: true, counts, percents };
    } finally {
      wimgapi.call('WIMUnregisterMessageCallback', opened.value, callback);
      wimgapi.call('WIMCloseHandle', opened.value);
    }
  } finally {
    callback.free();
  }
}

async function errorNumbers(system: SystemLibraries, wimgapi: Wimgapi, places: Places) {
  const outcome = async (change: Partial<Places>, variation?: Variation) => {
    const { applied, failedIn, error } = await apply(
      system,
      wimgapi,
      { ...places, ...change },
      () => ANSWER.success,
      variation,
    );
    return applied ? { applied } : { failedIn, error };
  };
  const variant = async (name: string, change: (bytes: Buffer) => Buffer): Promise<string> => {
    const file = path.join(places.root, name);
    await writeFile(file, change(tinyWim()));
    return file;
  };
  const { header } = await describeWim(places.wim);
  const damaged = await variant('damaged.wim', bytes => flipped(bytes, 208));
  const wrongXml = await variant('xml.wim', bytes => flipped(bytes, header.xml.offset + 20));
  const seen = {
    damagedResource: await outcome({ wim: damaged }),
    damagedXml: await outcome({ wim: wrongXml }),
    truncated: await outcome({
      wim: await variant('short.wim', bytes => bytes.subarray(0, bytes.length - 700)),
    }),
    notAWim: await outcome({ wim: await variant('page.wim', () => Buffer.from('<html>'.repeat(100))) }),
    absentFile: await outcome({ wim: path.join(places.root, 'absent.wim') }),
    absentTarget: await outcome({ target: path.join(places.root, 'absent') }),
    indexBeyond: await outcome({}, { index: 2 }),
    noTemporaryPath: await outcome({}, { noTemporaryPath: true }),
  };
  return { holds: !('applied' in seen.damagedResource), seen };
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = ~copy[at]!;
  return copy;
}

function hex(message: number): string {
  return `0x${message.toString(16)}`;
}
