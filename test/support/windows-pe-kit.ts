// Makes sources of a boot image as Microsoft lays them out, from Wine's own DLLs: Windows PE as a tree, boot.wim, the ADK's media folder, an ISO whose
// files are in UDF alone. What only Microsoft has (boot manager, boot store, boot.sdi, wpeinit) is a text under its name.
import { copyFileSync, cpSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { NtExecutable, NtExecutableResource, Resource } from 'resedit';
import { WINE_TEMPLATE, windowsPart } from '../../scripts/setup/place.mjs';
import { tool } from './raw-disk.ts';
import { makeHive } from './registry-hive.ts';
import { captureWim, writeTree } from './wim-kit.ts';

/** What the agent and its add-on import, and the smaller program that stands in for it (`programOfVersion`). */
export const SYSTEM_DLLS = [
  'advapi32',
  'apisetschema',
  'bcryptprimitives',
  'crypt32',
  'dbghelp',
  'iphlpapi',
  'kernel32',
  'kernelbase',
  'msvcrt',
  'ntdll',
  'ole32',
  'oleaut32',
  'shell32',
  'user32',
  'userenv',
  'winmm',
  'ws2_32',
] as const;

/** Differences from a whole Windows PE of today. */
export interface WindowsPe {
  readonly without?: readonly string[];
  /** More files, and others in place of those that are there. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** MB of scratch space in the registry; `none`: the registry has no write filter. */
  readonly scratch?: number | 'none';
}

/** Lays a Windows PE at `folder`, spelt as Microsoft spells it. */
export async function layWindowsPe(
  folder: string,
  { without = [], files = {}, scratch = 32 }: WindowsPe = {},
): Promise<void> {
  const system32 = path.join(folder, 'Windows/System32');
  mkdirSync(path.join(system32, 'config'), { recursive: true });
  for (const name of SYSTEM_DLLS.filter(dll => !without.includes(dll)))
    copyFileSync(
      path.join(WINE_TEMPLATE, 'drive_c/windows/system32', `${name}.dll`),
      path.join(system32, `${name}.dll`),
    );
  await writeTree(folder, {
    'Windows/System32/winpeshl.exe': 'winpeshl',
    'Windows/System32/wpeinit.exe': 'wpeinit',
    'Windows/System32/startnet.cmd': 'wpeinit\r\n',
    ...files,
  });
  const services = 'ControlSet001\\Services';
  const filter = { [`${services}\\FBWF`]: { Start: 0, WinPECacheThreshold: scratch as number, Type: 2 } };
  await makeHive(path.join(system32, 'config/SYSTEM'), {
    Select: { Current: 1, Default: 1 },
    [`${services}\\Tcpip`]: { Start: 1 },
    ...(scratch === 'none' ? {} : filter),
  });
}

export const PE = 'Microsoft Windows PE (amd64)';
export const SETUP = 'Microsoft Windows Setup (amd64)';

/** Captures trees as a boot.wim, one image each; the last starts, as in Windows' own. */
export async function captureBootWim(
  wim: string,
  images: readonly { readonly folder: string; readonly name?: string }[],
  options: { readonly compression?: 'lzx' | 'xpress'; readonly integrity?: boolean } = {},
): Promise<void> {
  mkdirSync(path.dirname(wim), { recursive: true });
  await captureWim(
    wim,
    images.map(({ folder, name = PE }) => ({ folder, name, properties: ['WINDOWS/ARCH=9'] })),
    options,
  );
  await tool('wimlib-imagex', ['info', wim, String(images.length), '--boot']);
}

/** Boot files beside boot.wim, in the lower case of Microsoft's ISOs. */
const MEDIA = {
  bootmgr: 'bootmgr',
  'bootmgr.efi': 'bootmgr.efi',
  'boot/bcd': 'the boot store for BIOS',
  'boot/boot.sdi': 'boot.sdi',
  'boot/fonts/segoe_slboot.ttf': 'a font',
  'efi/boot/bootx64.efi': 'the boot manager',
  'efi/microsoft/boot/bcd': 'the boot store for UEFI',
};
const SECTORS = {
  'boot/etfsboot.com': Buffer.alloc(4096, 'etfsboot'),
  'efi/microsoft/boot/efisys.bin': Buffer.alloc(1_474_560, 'efisys'),
  'efi/microsoft/boot/efisys_noprompt.bin': Buffer.alloc(1_474_560, 'noprompt'),
};

/** Lays what an ISO of Windows holds at `folder`; `sectors: false` as the ADK's media folder, which has them elsewhere. */
export async function layMedia(
  folder: string,
  { bootWim, sectors = true }: { readonly bootWim?: string; readonly sectors?: boolean },
): Promise<void> {
  await writeTree(folder, {
    ...MEDIA,
    ...(sectors ? SECTORS : {}),
    'setup.exe': 'setup',
    'sources/install.wim': 'no part of a boot image',
  });
  if (bootWim) cpSync(bootWim, path.join(folder, 'sources/boot.wim'));
}

/** An ISO of a folder, as Microsoft makes them: ISO 9660 holds a text that says that all else is in UDF. */
export async function makeUdfIso(iso: string, folder: string): Promise<void> {
  await writeTree(folder, { 'readme.txt': 'This disc contains a "UDF" file system.' });
  const hidden = ['sources', 'boot', 'efi', 'setup.exe', 'bootmgr', 'bootmgr.efi'];
  await tool('genisoimage', [
    '-quiet',
    '-udf',
    '-V',
    'CCCOMA_X64FRE',
    ...hidden.flatMap(name => ['-hide', name]),
    '-o',
    iso,
    folder,
  ]);
}

/** A Windows program that says of itself that it is of this version (`0.0.9.0`): an agent that takes less time to compress than the real one. */
export function programOfVersion(version: string): Uint8Array {
  const program = NtExecutable.from(readFileSync(windowsPart('7zip-bin/win/x64/7za.exe')));
  const resources = NtExecutableResource.from(program);
  for (const information of Resource.VersionInfo.fromEntries(resources.entries)) {
    information.setFileVersion(version);
    information.outputToResourceEntries(resources.entries);
  }
  resources.outputResource(program);
  return Buffer.from(program.generate());
}
