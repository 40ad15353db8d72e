// An ISO of the media that BIOS and UEFI start (El Torito: one boot sector for each), made by xorriso and read back.
// As oscdimg is called by MakeWinPEMedia: 2#p0,e,betfsboot.com#pEF,e,befisys.bin.
import { isAbsolute, join } from 'node:path';
import { Advice } from '../setup/say.mjs';
import { digestsBelow } from './digest.mjs';
import { need } from './host.mjs';
import { runTool } from './run-tool.mjs';

const LABEL = 'PRESTAGE_PE';

const WHERE =
  "they lie in the ISO of Windows (boot, efi/microsoft/boot), and for the ADK in copype's bootbins or fwfiles folder beside media";

/** Throws advice when a source has no boot sectors at all. @param firmware what was found (source.mjs) */
export function checkBootSectors({ bios, uefi }) {
  if (bios !== undefined || uefi.length > 0) return;
  throw new Advice(
    `No boot sectors for an ISO are in the source (etfsboot.com for BIOS, efisys.bin for UEFI); nothing was made. Leave --iso out, or give a source that has them: ${WHERE}.`,
  );
}

/** What is told about boot sectors that the source does not have. @param firmware what was chosen */
export function isoNotes(firmware) {
  if (firmware.bios === undefined)
    return [`The ISO starts on UEFI only: the source has no etfsboot.com (${WHERE}).`];
  if (firmware.uefi === undefined)
    return [`The ISO starts on BIOS only: the source has no efisys.bin (${WHERE}).`];
  return [];
}

/** Boot sectors that lie outside of the media become part of the ISO alone, at these places; media that have an efisys.bin of another authority keep it. */
const PLACES = { bios: 'boot/etfsboot.com', uefi: 'EFI/Microsoft/Boot/iso-entry.bin' };

/** @param {{ firmware: { bios?: string, uefi?: string } }} given boot sectors as paths below `media`, or absolute */
export async function makeIso(iso, { media, firmware, signal, onPercent }) {
  const grafts = [`/=${escaped(media)}`];
  const placed = {};
  for (const [kind, file] of Object.entries(firmware)) {
    placed[kind] = isAbsolute(file) ? PLACES[kind] : file;
    if (isAbsolute(file)) grafts.push(`/${placed[kind]}=${escaped(file)}`);
  }
  const boot = [];
  // 8 sectors of 512 bytes: etfsboot.com is 4096 bytes long and reads the rest of what it needs itself.
  if (placed.bios) boot.push('-b', placed.bios, '-no-emul-boot', '-boot-load-size', '8');
  if (placed.bios && placed.uefi) boot.push('-eltorito-alt-boot');
  if (placed.uefi) boot.push('-e', placed.uefi, '-no-emul-boot');
  const names = ['-iso-level', '4', '-J', '-joliet-long', '-V', LABEL];
  await runTool(
    need('xorriso'),
    ['-as', 'mkisofs', ...names, ...boot, '-graft-points', '-o', iso, ...grafts],
    { signal, onPercent },
  );
}

/** Reads the ISO back: @returns its boot entries, and the digest of every file by path. `scratch` takes what is unpacked. */
export async function readIso(iso, { scratch, signal }) {
  const folder = join(scratch, 'iso');
  await runTool(need('xorriso'), ['-osirrox', 'on:auto_chmod_on', '-indev', iso, '-extract', '/', folder], {
    signal,
  });
  const report = await runTool(need('xorriso'), ['-indev', iso, '-report_el_torito', 'plain'], { signal });
  const entries = [...report.matchAll(/^El Torito boot img : +\d+ +(BIOS|UEFI) +y /gm)].map(
    ([, kind]) => kind,
  );
  return { entries, digests: await digestsBelow(folder) };
}

/** In a graft point the sign between the two paths, and the one that escapes it, are escaped. */
const escaped = path => path.replaceAll('\\', '\\\\').replaceAll('=', '\\=');
