// The commands of Windows by which a depot lays prestaged media with its own tools: a script for diskpart, then dism, then the proof. Pure.
import path from 'node:path';
import { Fault } from '../fault/fault.ts';
import type { MediaFile, MediaManifest } from '../media/media-manifest.ts';
import { MEDIA_IMAGES } from '../media/media-paths.ts';
import { type Firmware, usualEspBytes } from './disk-layout.ts';
import { requireFat32Sizes } from './fat32-limit.ts';
import { requireFirmwareFiles } from './firmware-files.ts';

export interface DepotRequest {
  /** As the depot names the WIM; only its file name counts where that is no Windows path. */
  readonly wim: string;
  readonly file: Pick<MediaFile, 'sha256'>;
  readonly manifest: Pick<MediaManifest, 'name' | 'esp'>;
  /** Texts of the keys that may vouch for the media. */
  readonly keys: readonly string[];
  readonly firmware: Firmware;
  /** As diskpart numbers it; left out, `N` stands in its place, at which diskpart stops. */
  readonly disk?: number;
  readonly letters: { readonly esp: string; readonly volume: string };
}

export interface DepotCommand {
  /** What it does, a sentence. */
  readonly why: string;
  /** A line for cmd.exe. */
  readonly command: string;
}

export interface DepotCommands {
  /** Lines for `diskpart /s`. */
  readonly diskpart: readonly string[];
  readonly commands: readonly DepotCommand[];
  readonly warnings: readonly string[];
}

const MIB = 1024 * 1024;

/** Faults: USAGE-01 letters or a path that cannot be, DISK-07, IMAGE-10 BIOS without its boot files. */
export function depotCommands(request: DepotRequest): DepotCommands {
  const { file, manifest, keys, firmware, letters } = request;
  const [esp, volume] = [driveLetter(letters.esp), driveLetter(letters.volume)];
  if (esp === volume)
    throw new Fault('USAGE-01', `${esp}:`, { expected: 'two letters', found: 'one for both volumes' });
  requireFat32Sizes(manifest.esp);
  const paths = manifest.esp.map(each => each.path);
  const warnings = requireFirmwareFiles(firmware, paths, `media ${manifest.name}`);
  const wim = wimAtDepot(request.wim);
  const script = `${path.win32.basename(wim).replace(/\.wim$/i, '')}.diskpart.txt`;
  // A backslash before a closing quote would escape it: roots stand without quotes, and need none.
  const apply = (index: number, letter: string): string =>
    `dism /Apply-Image /ImageFile:${quoted(wim)} /Index:${index} /ApplyDir:${letter}:\\ /CheckIntegrity /Verify`;
  return {
    diskpart: diskpartScript(request, esp, volume),
    commands: [
      {
        why: `Prove the media file: the digest shown must be ${file.sha256}.`,
        command: `certutil -hashfile ${quoted(wim)} SHA256`,
      },
      {
        why: `Partition and format, by the script above saved as ${script}. Everything on the disk is lost.`,
        command: `diskpart /s ${quoted(script)}`,
      },
      {
        why: 'Apply the boot files to the EFI system partition.',
        command: apply(MEDIA_IMAGES.esp, esp),
      },
      { why: 'Apply the cache to the volume.', command: apply(MEDIA_IMAGES.volume, volume) },
      ...(firmware === 'bios'
        ? [
            {
              why: 'Write the boot code that loads bootmgr (bootsect.exe is in the boot folder of Windows PE and of installation media).',
              command: `bootsect /nt60 ${esp}: /mbr`,
            },
          ]
        : []),
      {
        why: 'Prove every file of the disk. With --receipt-key FILE it leaves the signed receipt that first boot looks for.',
        command: `prestage media verify ${volume}:\\ --esp ${esp}:\\ --key ${keys.join(' ')}`,
      },
    ],
    warnings,
  };
}

/**
 * The layouts of Microsoft's "UEFI/GPT-based hard drive partitions" and "BIOS/MBR-based hard drive partitions", with a system partition that holds
 * the boot image. Syntax: diskpart's command reference; sizes are in MB of 1024 * 1024 bytes.
 */
function diskpartScript(
  { manifest, firmware, disk }: DepotRequest,
  esp: string,
  volume: string,
): readonly string[] {
  const size = usualEspBytes(manifest.esp) / MIB;
  const system =
    firmware === 'uefi'
      ? ['convert gpt', `create partition efi size=${size}`, 'format quick fs=fat32 label=System']
      : [
          'convert mbr',
          `create partition primary size=${size}`,
          'format quick fs=fat32 label=System',
          'active',
        ];
  return [
    `select disk ${disk ?? 'N'}`,
    'online disk noerr',
    'attributes disk clear readonly noerr',
    'clean',
    ...system,
    `assign letter=${esp}`,
    ...(firmware === 'uefi' ? ['create partition msr size=16'] : []),
    'create partition primary',
    'format quick fs=ntfs label=Windows',
    `assign letter=${volume}`,
    'exit',
  ];
}

function driveLetter(text: string): string {
  const letter = /^([A-Za-z]):?\\?$/.exec(text)?.[1]?.toUpperCase();
  if (letter === undefined) throw new Fault('USAGE-01', text, { expected: 'a drive letter such as S' });
  return letter;
}

/** A path of this computer says nothing about the depot's: there the commands run beside the WIM. */
function wimAtDepot(wim: string): string {
  const isWindowsPath = /^[A-Za-z]:[\\/]|^\\\\/.test(wim);
  return isWindowsPath ? path.win32.normalize(wim) : path.posix.basename(wim.replaceAll('\\', '/'));
}

/** For cmd.exe and the programs that it starts. Within quotes only `%` still means something, and nothing takes that from it. */
function quoted(text: string): string {
  if (/["%\r\n]/.test(text))
    throw new Fault('USAGE-01', text, { expected: 'a path without quote, percent sign and line break' });
  return /^[A-Za-z0-9_.:\\/~-]+$/.test(text) ? text : `"${text}"`;
}
