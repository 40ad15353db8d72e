// What of a boot image decides whether firmware starts it: the files that must be there, who signed its boot managers, and what its boot.wim is.
// Source: UEFI 2.10 section 3.5.1.1 (names of removable media); Microsoft KB5025885 (revocation of the 2011 authority), KB5053484 (bootable media
// with the boot manager of 2023, which serviced boot images have in Windows\Boot\EFI_EX), KB5062713 (the certificates that expire in 2026).
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { asFault } from '../fault/fault.ts';
import type { Imaging } from '../machine/machine.ts';
import { BOOT_PROGRAM_MAX_BYTES, type BootSignatures, bootSignatures } from '../media/boot-signature.ts';
import type { WimImage } from '../wim/images.ts';
import { describeWim } from '../wim/read-wim.ts';

/** The image of boot.wim that starts. */
export type BootWimFacts = Pick<WimImage, 'index' | 'architecture' | 'build' | 'created'>;

export interface BootFacts {
  /** Every boot manager on the ESP, by its path as it is written there. */
  readonly managers: readonly { readonly path: string; readonly signatures: BootSignatures }[];
  /** What Windows PE does not start without. */
  readonly missing: readonly string[];
  readonly bootWim?: BootWimFacts;
  /** Whether boot.wim has a boot manager of 2023 to take instead; undefined where that cannot be told. */
  readonly hasNewerManager?: boolean;
}

const BOOT_WIM = 'sources/boot.wim';
const NEEDED = [BOOT_WIM, 'boot/boot.sdi', 'EFI/Microsoft/Boot/BCD'] as const;
const FIRMWARE_STARTS = /^efi\/boot\/boot(x64|aa64|ia32)\.efi$/i;
const MANAGERS = [FIRMWARE_STARTS, /^efi\/microsoft\/boot\/bootmgfw(_ex)?\.efi$/i, /^bootmgr\.efi$/i];
const NEWER_MANAGER = 'Windows/Boot/EFI_EX/bootmgfw_EX.efi';

/** @param esp folder of the ESP's files. @param files what lies there, `/` between names. Nothing that lies there makes it fail. */
export async function readBootFacts(
  esp: string,
  files: readonly string[],
  imaging: Pick<Imaging, 'hasFile'>,
): Promise<BootFacts> {
  const named = new Map(files.map(file => [file.toLowerCase(), file]));
  const managers = await Promise.all(
    files
      .filter(file => MANAGERS.some(manager => manager.test(file)))
      .toSorted()
      .map(async file => ({ path: file, signatures: await signaturesOf(onDisk(esp, file)) })),
  );
  const missing = [
    ...(files.some(file => FIRMWARE_STARTS.test(file)) ? [] : ['EFI/BOOT/BOOTX64.EFI']),
    ...NEEDED.filter(file => !named.has(file.toLowerCase())),
  ];
  const bootWim = named.get(BOOT_WIM);
  return { managers, missing, ...(bootWim && (await bootWimFacts(onDisk(esp, bootWim), imaging))) };
}

/** What these facts mean for whoever ships the media; none when nothing is wrong. Pure. */
export function bootWarnings({ managers, missing, hasNewerManager }: BootFacts): readonly string[] {
  return [
    ...missing.map(file => `The boot image has no ${file}: the media does not start by itself.`),
    ...managers.map(manager => managerWarning(manager, hasNewerManager)).filter(text => text !== undefined),
  ];
}

function managerWarning(
  { path: file, signatures }: BootFacts['managers'][number],
  hasNewer: boolean | undefined,
): string | undefined {
  switch (signatures.kind) {
    case 'unsigned':
      return `${file} is not signed: it does not start where Secure Boot is on.`;
    case 'unreadable':
      return `${file} is no boot program that can be read (${signatures.why}).`;
    case 'signed':
      return signatures.signatures.every(({ authority }) => authority === 'windows-2011')
        ? `${file} is signed by the authority of 2011 alone. ${REVOKED} ${newer(hasNewer)}`
        : undefined;
  }
}

const REVOKED =
  'Its certificate is good until October 2026 only, and computers whose firmware revoked it (KB5025885) do not start this media.';

function newer(has: boolean | undefined): string {
  if (has === true)
    return 'boot.wim has Windows\\Boot\\EFI_EX\\bootmgfw_EX.efi, signed by the authority of 2023: take it instead.';
  if (has === false)
    return 'boot.wim has none of 2023 to take instead: service it with a newer update first.';
  return 'A serviced boot.wim has one of 2023 in Windows\\Boot\\EFI_EX.';
}

async function signaturesOf(file: string): Promise<BootSignatures> {
  const { size } = await stat(file);
  if (size > BOOT_PROGRAM_MAX_BYTES)
    return { kind: 'unreadable', why: `${size} bytes, more than ${BOOT_PROGRAM_MAX_BYTES}` };
  return bootSignatures(await readFile(file));
}

async function bootWimFacts(
  wim: string,
  imaging: Pick<Imaging, 'hasFile'>,
): Promise<Pick<BootFacts, 'bootWim' | 'hasNewerManager'>> {
  try {
    const { header, images } = await describeWim(wim);
    const image = images[(header.bootIndex || 1) - 1];
    if (image === undefined) return {};
    const { index, architecture, build, created } = image;
    const has = await imaging.hasFile({ wim, index, path: NEWER_MANAGER });
    return {
      bootWim: { index, architecture, build, created },
      ...(has !== undefined && { hasNewerManager: has }),
    };
  } catch (thrown) {
    // That a boot image is no sound WIM is told before anything is built; here it only has no facts.
    if (/^(IMAGE-0[1-4]|USAGE-08)$/.test(asFault(thrown).code)) return {};
    throw thrown;
  }
}

function onDisk(esp: string, file: string): string {
  return path.join(esp, ...file.split('/'));
}
