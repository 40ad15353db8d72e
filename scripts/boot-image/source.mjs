// What the boot image is made from: an ISO, a WIM by itself, or a folder laid out as the ADK's `media`. Told by what it holds, not by its name.
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Advice } from '../setup/say.mjs';
import { copyFile } from './copy-file.mjs';
import { filesBelow } from './digest.mjs';
import { listIso, unpackIso } from './iso-source.mjs';
import { UEFI_SECTORS } from './uefi-entry.mjs';

/** ECMA-119 and ECMA-167: volume descriptors begin at sector 16; one of these names stands at the second byte of one of the first. */
const ISO_NAMES = ['CD001', 'BEA01', 'NSR02', 'NSR03', 'TEA01'];
const SECTOR_BYTES = 2048;

/** What starts Windows PE; all else of Windows media (install.wim, setup.exe) is no part of a boot image. */
const STARTS_WINDOWS_PE = [
  /^boot\//i,
  /^efi\//i,
  /^bootmgr(\.efi)?$/i,
  /^[a-z]{2,3}(-[a-z]{2,4}){1,2}\/[^/]+\.mui$/i, // words of the boot manager in the ADK's languages
  /^sources\/boot\.wim$/i,
];

/** Firmware and boot manager spell as they like; on a Linux folder the parts of Prestage want one spelling (docs/boot-image.md). */
const SPELLED = [
  'EFI',
  'EFI/BOOT',
  'EFI/BOOT/BOOTX64.EFI',
  'EFI/BOOT/BOOTAA64.EFI',
  'EFI/Microsoft',
  'EFI/Microsoft/Boot',
  'EFI/Microsoft/Boot/BCD',
  'boot',
  'boot/boot.sdi',
  'sources',
  'sources/boot.wim',
];

export const BOOT_WIM = 'sources/boot.wim';

/**
 * Looks at `--from` without changing or unpacking anything.
 * @returns {Promise<{ kind: 'iso' | 'wim' | 'folder', from: string, wim?: string, files: readonly { from: string, to: string, bytes: number }[],
 *   firmware: { bios?: string, uefi: readonly string[] } }>} `wim` where it can be read already; `files` go into media/; `firmware` are the boot sectors
 *   for an ISO, as paths below media/ or absolute: for UEFI all that there are, of which uefi-entry.mjs chooses.
 */
export async function lookAtSource(from, signal) {
  if (!existsSync(from))
    throw new Advice(
      `${from} is not there; nothing was made. Give an ISO, a boot.wim or the ADK's media folder with --from.`,
    );
  if (statSync(from).isDirectory()) return lookAtFolder(from);
  if (startsAsWim(from))
    return {
      kind: 'wim',
      from,
      wim: from,
      files: [{ from: basename(from), to: BOOT_WIM, bytes: statSync(from).size }],
      firmware: firmwareOf([]),
    };
  if (!startsAsIso(from))
    throw new Advice(
      `${from} is neither an ISO nor a WIM; nothing was made. Give the ISO of Windows or Windows PE, its sources/boot.wim, or the ADK's winpe.wim.`,
    );
  const listed = await listIso(from, signal);
  return withBootWim({ kind: 'iso', from, ...chosenOf(listed) }, listed);
}

/** Brings what `lookAtSource` found into `media`, in Prestage's spelling. */
export async function takeSource(source, { media, scratch, signal, onPercent }) {
  if (source.kind === 'iso') return unpackIso(source, { media, scratch, signal, onPercent });
  for (const { from, to } of source.files)
    copyFile(source.kind === 'wim' ? source.from : join(source.from, from), join(media, to));
}

function lookAtFolder(given) {
  // copype makes media/ and bootbins/ (fwfiles/ before ADK 10.1.26100) side by side: either the folder of both, or media itself, is what people give.
  const from = existsSync(join(given, 'media')) ? join(given, 'media') : given;
  const listed = filesBelow(from).map(file => ({ from: file, bytes: statSync(join(from, file)).size }));
  const source = withBootWim({ kind: 'folder', from, ...chosenOf(listed) }, listed);
  const beside = ['bootbins', 'fwfiles']
    .map(name => join(dirname(from), name))
    .filter(folder => existsSync(folder))
    .flatMap(folder => readdirSync(folder).map(name => join(folder, name)));
  return {
    ...source,
    wim: join(from, source.files.find(({ to }) => to === BOOT_WIM).from),
    firmware: both(source.firmware, firmwareOf(beside)),
  };
}

function chosenOf(listed) {
  const files = listed
    .filter(({ from }) => STARTS_WINDOWS_PE.some(pattern => pattern.test(from)))
    .map(({ from, bytes }) => ({ from, to: spelled(from), bytes }));
  return { files, firmware: firmwareOf(files.map(({ to }) => to)) };
}

function withBootWim(source, listed) {
  const { from, kind, files } = source;
  if (files.some(({ to }) => to === BOOT_WIM)) return source;
  const folders = listed.map(file => /^([^/]+)\/sources\/boot\.wim$/i.exec(file.from)?.[1]).filter(Boolean);
  if (folders.length > 0) throw new Advice(inFolders(source, folders));
  throw new Advice(
    kind === 'iso'
      ? `${from} has no sources/boot.wim; nothing was made. Give the ISO of Windows or of Windows PE: other discs (drivers, language packs, features on demand) hold none.`
      : `${from} has no sources/boot.wim; nothing was made. Give the folder that copype makes (or its media folder): it must hold sources/boot.wim.`,
  );
}

/** The Media Creation Tool's ISO for both architectures has whole media for x64 and for x86, each in a folder. */
function inFolders({ kind, from }, folders) {
  const folder = folders.find(name => name.toLowerCase() === 'x64') ?? folders[0];
  const holds = `${from} has its sources/boot.wim in folders, one for each architecture (${folders.join(', ')}); nothing was made.`;
  return kind === 'iso'
    ? `${holds} Mount or unpack it, and give the folder ${folder} in it: 7z x -oUNPACKED ${basename(from)}, then --from UNPACKED/${folder}`
    : `${holds} Give one of them: --from ${join(from, folder)}`;
}

/** Oscdimg's boot sectors. */
function firmwareOf(paths) {
  const bios = paths.find(path => basename(path).toLowerCase() === 'etfsboot.com');
  const uefi = paths.filter(path => UEFI_SECTORS.test(basename(path)));
  return { ...(bios && { bios }), uefi };
}

/** What lies in the media itself comes first. */
function both(inMedia, beside) {
  return { ...beside, ...inMedia, uefi: [...inMedia.uefi, ...beside.uefi] };
}

function spelled(path) {
  let longest = '';
  for (const name of SPELLED)
    if (`${path.toLowerCase()}/`.startsWith(`${name.toLowerCase()}/`) && name.length > longest.length)
      longest = name;
  return longest + path.slice(longest.length);
}

const startsAsWim = file => ['MSWIM\0\0\0', 'WLPWM\0\0\0'].includes(bytesAt(file, 0, 8));

function startsAsIso(file) {
  const sectors = [16, 17, 18, 19].map(sector => bytesAt(file, sector * SECTOR_BYTES + 1, 5));
  return sectors.some(name => ISO_NAMES.includes(name));
}

function bytesAt(file, offset, length) {
  const bytes = Buffer.alloc(length);
  const handle = openSync(file);
  readSync(handle, bytes, 0, length, offset);
  closeSync(handle);
  return bytes.toString('latin1');
}

/** What the media lacks to start by itself (docs/boot-image.md, "As content of a site"). */
export function mediaNotes({ kind, files }) {
  const has = name => files.some(({ to }) => to.toLowerCase() === name);
  if (kind === 'wim')
    return [
      "media/ holds sources/boot.wim only. Put it into the folder of your boot image, which must hold beside it, from the ISO or the ADK's media folder that it came from: EFI/BOOT/BOOTX64.EFI, EFI/Microsoft/Boot/BCD and boot/boot.sdi.",
    ];
  const lacking = [
    ...(has('efi/boot/bootx64.efi') || has('efi/boot/bootaa64.efi') ? [] : ['EFI/BOOT/BOOTX64.EFI']),
    ...['EFI/Microsoft/Boot/BCD', 'boot/boot.sdi'].filter(name => !has(name.toLowerCase())),
  ];
  if (lacking.length === 0) return [];
  return [`The source has no ${lacking.join(', no ')}: the media does not start by itself without.`];
}
