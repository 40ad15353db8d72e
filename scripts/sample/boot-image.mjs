// Makes the sample boot image: the launcher files of winpe/ and the agent in a boot.wim laid out as Windows PE is, and the files of an ESP.
// Microsoft's own files (boot manager, BCD, boot.sdi, Windows PE itself) may not be shipped: text files stand in for them under their names.
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { WINPE_FILES } from '../boot-image/winpe-files.mjs';
import { at, BUILD, WINE_TEMPLATE } from '../setup/place.mjs';
import { run } from '../setup/program.mjs';
import { crlf, digestOfFiles, lay } from './made.mjs';

export { WINPE_FILES };

/** Programs that Windows PE has and the launcher calls; Wine's copies make the image a real one to look into. */
const SYSTEM_FILES = ['cmd.exe', 'ping.exe', 'reg.exe', 'kernel32.dll', 'kernelbase.dll', 'ntdll.dll'];

/** What the boot image is made from; its version follows it, because published versions never change. */
export function bootImageKey(publicKeys) {
  const files = [
    join(BUILD, 'prestage.exe'),
    ...Object.keys(WINPE_FILES).map(name => at('winpe', name)),
    at('winpe/agent.yaml'),
    at('scripts/sample/boot-image.mjs'),
    at('scripts/boot-image/winpe-files.mjs'),
  ];
  return digestOfFiles(files, publicKeys);
}

/** Lays the boot image content at `folder`, whose files go onto the ESP as they are. `mediaKeys` are public keys as text. */
export async function layBootImage(folder, mediaKeys) {
  const tree = `${folder}.tree`;
  rmSync(tree, { recursive: true, force: true });
  for (const name of SYSTEM_FILES)
    cpSync(join(WINE_TEMPLATE, 'drive_c/windows/system32', name), join(tree, 'Windows/System32', name), {
      recursive: true,
      preserveTimestamps: true,
    });
  for (const [name, place] of Object.entries(WINPE_FILES))
    lay(join(tree, place), readFileSync(at('winpe', name)));
  lay(join(tree, 'Prestage/agent.yaml'), agentConfig(mediaKeys));
  cpSync(join(BUILD, 'prestage.exe'), join(tree, 'Prestage/prestage.exe'));
  lay(join(folder, 'EFI/BOOT/BOOTX64.EFI'), standIn('bootmgfw.efi'));
  lay(join(folder, 'EFI/Microsoft/Boot/bootmgfw.efi'), standIn('bootmgfw.efi'));
  lay(
    join(folder, 'EFI/Microsoft/Boot/BCD'),
    standIn('the BCD store that starts sources\\boot.wim from the RAM disk'),
  );
  lay(join(folder, 'boot/boot.sdi'), standIn('boot.sdi'));
  lay(join(folder, 'sources/.keep'), '');
  await run('wimlib-imagex', [
    'capture',
    tree,
    join(folder, 'sources/boot.wim'),
    'Prestage sample boot image',
    '--boot',
    '--check',
    '--compress=XPRESS',
    '--flags=9',
    '--image-property=WINDOWS/ARCH=9',
  ]);
  rmSync(join(folder, 'sources/.keep'));
  rmSync(tree, { recursive: true });
}

/** The template of winpe/ with the site's keys in place of the example. */
function agentConfig(mediaKeys) {
  const template = readFileSync(at('winpe/agent.yaml'), 'utf8').replaceAll('\r\n', '\n');
  return crlf(template.replace(/^ {2}- ed25519:.*\n/m, mediaKeys.map(key => `  - ${key}\n`).join('')));
}

const standIn = what =>
  crlf(`This file stands in for Microsoft's ${what}, which the sample may not ship. It starts nothing.\n`);
