// Chooses and opens the imaging library of this system.
import path from 'node:path';
import { Fault } from '../fault/fault.ts';
import { KERNEL32 } from '../native/kernel32.ts';
import { type Native, openNative } from '../native/library.ts';
import { openMemory } from '../native/memory.ts';
import { WIMGAPI, WIMGAPI_NAMES } from '../native/wimgapi.ts';
import { WIMLIB, WIMLIB_NAMES } from '../native/wimlib.ts';
import { wimgapiImaging } from './imaging-wimgapi.ts';
import { wimlibImaging } from './imaging-wimlib.ts';
import type { Imaging } from './machine.ts';
import { modulePath } from './windows/module-path.ts';

export interface ImagingRequest {
  readonly system: 'windows' | 'linux';
  /** The folder of the executable: a libwim-15.dll beside it is used before one elsewhere. */
  readonly besideFolder?: string;
  /** Where the executable may lay its native add-on, see native/addon.ts. */
  readonly addonFolders?: readonly string[];
  /** Insists on one library (`PRESTAGE_IMAGING`); otherwise wimgapi before libwim on Windows, libwim elsewhere. */
  readonly only?: 'wimgapi' | 'wimlib';
}

/** @throws Fault IMAGE-05 with every name tried when no library can be loaded, BUG-01 when not even the C library can. */
export async function openImaging(request: ImagingRequest): Promise<Imaging> {
  const native = await openNative(request.addonFolders);
  const tried: string[] = [];
  const order = request.only === undefined ? PREFERRED[request.system] : [request.only];
  for (const name of order) {
    const found = name === 'wimgapi' ? openWimgapi(native, request) : openWimlib(native, request);
    if ('imaging' in found) return found.imaging;
    tried.push(...found.tried);
  }
  throw new Fault('IMAGE-05', order.join(' or '), { tried });
}

const PREFERRED = { windows: ['wimgapi', 'wimlib'], linux: ['wimlib'] } as const;

type Found = { readonly imaging: Imaging } | { readonly tried: readonly string[] };

function openWimgapi(native: Native, { system }: ImagingRequest): Found {
  if (system !== 'windows') return { tried: ['wimgapi.dll: on Windows only'] };
  const memory = openMemory(native, 'windows');
  const { library, tried } = native.openLibrary(WIMGAPI_NAMES, WIMGAPI);
  if (!library || !memory) return { tried: tried ?? ['kernel32.dll'] };
  return {
    imaging: wimgapiImaging({ native, library, memory, loadedFrom: loadedFrom(native, library.path) }),
  };
}

function openWimlib(native: Native, { system, besideFolder }: ImagingRequest): Found {
  const memory = openMemory(native, system);
  const names = WIMLIB_NAMES[system];
  const join = system === 'windows' ? path.win32.join : path.posix.join;
  const beside = besideFolder === undefined ? [] : names.map(name => join(besideFolder, name));
  const { library, tried } = native.openLibrary([...beside, ...names], WIMLIB);
  if (!library || !memory) return { tried: tried ?? ['the C library'] };
  return {
    imaging: wimlibImaging({ native, library, memory, text: system === 'windows' ? 'utf16le' : 'utf8' }),
  };
}

function loadedFrom(native: Native, name: string): string {
  const { library: kernel32 } = native.openLibrary(['kernel32.dll'], KERNEL32);
  return (kernel32 && modulePath(kernel32, name)) ?? name;
}
