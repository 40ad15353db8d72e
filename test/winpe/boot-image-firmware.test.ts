// Real firmware starts the ISO and the disk of a boot image: SeaBIOS and OVMF in QEMU, with stand-ins for Microsoft's boot sectors and boot manager that
// say on the serial line that they run.
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import {
  makeCdSector,
  makeEfiFloppy,
  makeEfiProgram,
  startMachine,
  uefi,
} from '../support/firmware-stand-ins.ts';
import { runBootImage, writeAgentConfig } from '../support/run-boot-image.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { writeTree } from '../support/wim-kit.ts';
import { captureBootWim, layMedia, layWindowsPe } from '../support/windows-pe-kit.ts';

const cwd = tempFolder('boot-image-firmware');
const at = (...names: readonly string[]) => path.join(cwd, ...names);
/** Emulated, so slow; in a run of its own it takes 2 s (BIOS) and 5 s (UEFI). */
const PATIENCE_MS = 90_000;
const PATIENCE = { timeout: PATIENCE_MS + 30_000 };

beforeAll(async () => {
  await layWindowsPe(at('pe'));
  await captureBootWim(at('boot.wim'), [{ folder: at('pe') }], { compression: 'xpress' });
  await makeEfiProgram(at('floppy.efi'), 'efisys.bin runs');
  await layMedia(at('media'), { bootWim: at('boot.wim') });
  await writeTree(at('media'), {
    'boot/etfsboot.com': await makeCdSector(at('etfsboot.com'), 'etfsboot.com runs'),
    'efi/microsoft/boot/efisys_noprompt.bin': await makeEfiFloppy(at('efisys.bin'), at('floppy.efi')),
    'efi/boot/bootx64.efi': await makeEfiProgram(at('bootx64.efi'), 'BOOTX64.EFI runs'),
  });
  writeAgentConfig(at('agent.yaml'));
  const run = await runBootImage(
    ['--from', 'media', '--config', 'agent.yaml', '--to', 'out', '--iso', '--disk'],
    { cwd },
  );
  if (run.code !== 0) throw new Error(run.stderr);
}, 240_000);

const ISO = ['-cdrom', at('out/prestage-winpe.iso')];
const DISK = ['-drive', `file=${at('out/prestage-winpe.img')},format=raw`];

test.each([
  ['a BIOS loads all of etfsboot.com of the ISO', 'etfsboot.com runs', ISO, false],
  ['UEFI firmware starts the boot manager in efisys.bin of the ISO', 'efisys.bin runs', ISO, true],
  ['UEFI firmware starts EFI/BOOT/BOOTX64.EFI of the disk', 'BOOTX64.EFI runs', DISK, true],
] as const)('%s', PATIENCE, async (title, words, drive, isUefi) => {
  const name = title.replaceAll(/\W/g, '-');
  const medium = [...(isUefi ? uefi(at(`${name}.fd`)) : []), ...drive];
  expect(await startMachine(at(`${name}.serial`), words, { medium, patienceMs: PATIENCE_MS })).toContain(
    words,
  );
});
