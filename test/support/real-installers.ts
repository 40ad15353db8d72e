// Real installers for computers that run Windows: MSI packages made by wixl, setup programs made by NSIS. Each leaves files and registry values
// by which a test can tell what has run, and each ends in one of the ways in which installers end.
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from '../../scripts/setup/program.mjs';

export interface MsiDescription {
  readonly name: string;
  /** GUID without braces. */
  readonly productCode: string;
  readonly version: string;
  /** Refuses to install (1603) while `HKLM\SOFTWARE\Sample` has no value of this name. */
  readonly needs?: string;
  /** Asks for a restart at its end (3010). */
  readonly restarts?: boolean;
}

/** It lays `Program Files\<name>\<name>.txt` and `HKLM\SOFTWARE\Sample\<name>`, value `Version`. @returns the package's bytes. */
export async function makeMsi(msi: MsiDescription): Promise<Uint8Array> {
  return await inWorkshop(async workshop => {
    writeFileSync(path.join(workshop, 'file.txt'), `${msi.name} ${msi.version}\r\n`);
    writeFileSync(path.join(workshop, 'package.wxs'), source(msi));
    // wixl takes relative sources only and looks for them where it runs.
    await run('wixl', ['-a', 'x64', '-o', 'package.msi', 'package.wxs'], { cwd: workshop });
    return readFileSync(path.join(workshop, 'package.msi'));
  });
}

/** Names of product, folder and key are one; GUIDs of components are the product's with another last digit. */
function source({ name, productCode, version, needs, restarts = false }: MsiDescription): string {
  const component = productCode.slice(0, -1) + (productCode.endsWith('F') ? 'E' : 'F');
  const condition =
    needs === undefined
      ? ''
      : `<Property Id="NEEDED"><RegistrySearch Id="Needed" Root="HKLM" Key="SOFTWARE\\Sample" Name="${needs}" Type="raw" Win64="yes" /></Property>
    <Condition Message="${needs} is missing.">Installed OR NEEDED</Condition>`;
  const sequence = restarts
    ? '<InstallExecuteSequence><ScheduleReboot After="InstallFinalize" /></InstallExecuteSequence>'
    : '';
  return `<?xml version="1.0" encoding="utf-8"?>
<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi">
  <Product Id="${productCode}" Name="${name}" Language="1033" Version="${version}" Manufacturer="Sample" UpgradeCode="2D0C3B7E-6A41-4F0B-8E55-0F7C2A9B1D10">
    <Package InstallerVersion="200" Compressed="yes" InstallScope="perMachine" />
    <Media Id="1" Cabinet="files.cab" EmbedCab="yes" />
    ${condition}
    <Directory Id="TARGETDIR" Name="SourceDir">
      <Directory Id="ProgramFiles64Folder">
        <Directory Id="INSTALLDIR" Name="${name}">
          <Component Id="Program" Guid="${component}" Win64="yes">
            <File Id="ProgramFile" Name="${name}.txt" Source="file.txt" KeyPath="yes" />
            <RegistryValue Root="HKLM" Key="SOFTWARE\\Sample\\${name}" Name="Version" Type="string" Value="${version}" />
          </Component>
        </Directory>
      </Directory>
    </Directory>
    <Feature Id="Complete" Level="1"><ComponentRef Id="Program" /></Feature>
    ${sequence}
  </Product>
</Wix>
`;
}

/**
 * @param section what the setup program does, in NSIS' language, with `@{If}` for its macros: a dollar would mean a template here. It sees
 * registry and folders as a 64-bit program. @param target the processor that it is made for. @returns its bytes.
 */
export async function makeSetup(
  section: readonly string[],
  target: 'amd64' | 'x86' = 'amd64',
): Promise<Uint8Array> {
  return await inWorkshop(async workshop => {
    const script = [
      `Target ${target}-unicode`,
      'Name "Setup"',
      'OutFile "setup.exe"',
      'RequestExecutionLevel admin',
      '!include FileFunc.nsh',
      '!include LogicLib.nsh',
      'Section',
      'SetRegView 64',
      ...section,
      'SectionEnd',
      '',
    ];
    writeFileSync(path.join(workshop, 'setup.nsi'), script.join('\n').replaceAll('@{', '${'));
    await run('makensis', ['-V2', 'setup.nsi'], { cwd: workshop });
    return readFileSync(path.join(workshop, 'setup.exe'));
  });
}

/** NSIS lines that append a line to a file of the drive. */
export function appendLine(file: string, line: string): readonly string[] {
  return [`FileOpen $9 "${file}" a`, 'FileSeek $9 0 END', `FileWrite $9 "${line}$\\r$\\n"`, 'FileClose $9'];
}

async function inWorkshop<T>(work: (workshop: string) => Promise<T>): Promise<T> {
  const workshop = await mkdtemp(path.join(tmpdir(), 'prestage-installer-'));
  try {
    return await work(workshop);
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}
