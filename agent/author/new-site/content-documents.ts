// Two small pieces of content that a new site publishes as they are, to be read and replaced: a package and an application that depends on it.
import { DIGITS, idOf, type NewSite, schemaLine, yamlText } from './site-names.ts';

/** @returns path in the site -> text. */
export function contentDocuments(site: NewSite): ReadonlyMap<string, string> {
  const packageId = idOf(site, DIGITS.package);
  const applicationId = idOf(site, DIGITS.application);
  return new Map([
    [`content/${packageId}/files/settings.cmd`, windowsText(settingsScript(site))],
    [`content/${packageId}/content.yaml`, packageDocument(packageId)],
    [`content/${applicationId}/files/install.cmd`, windowsText(installScript(site))],
    [
      `content/${applicationId}/files/support.txt`,
      windowsText([`This computer was deployed by ${site.name}.`]),
    ],
    [`content/${applicationId}/content.yaml`, applicationDocument(site, applicationId, packageId)],
  ]);
}

function packageDocument(id: string): string {
  return `${schemaLine('content', 2)}
# A package: files, and commands that run in the new Windows, as SYSTEM, in the folder of the files.

id: ${yamlText(id)}
type: package
name: Settings
version: "1"                         # raise it when the files change: a published version never does
source: files                        # the folder with the files, relative to this one
install:
  - command: settings.cmd            # 0 and 1707 are success, 3010 and 1641 too, after a restart
`;
}

function applicationDocument({ code }: NewSite, id: string, dependency: string): string {
  return `${schemaLine('content', 2)}
# An application: as a package, and detection tells whether it is there already, and whether it is there afterwards.

id: ${yamlText(id)}
type: application
name: Support note
version: "1.0"
source: files
install:
  - command: install.cmd
    timeoutMinutes: 5                # 60 when left out
detection:                           # all of it must hold; also productCode, registryKey, script, any
  - file: "%ProgramData%\\\\Site ${code}\\\\support.txt"
dependencies:                        # installed before; media carry them too
  - ${yamlText(dependency)}
`;
}

/** The site code alone is no name for a folder: CON, PRN, AUX and NUL are devices. */
function settingsScript({ code }: NewSite): readonly string[] {
  return [
    '@echo off',
    'rem Replace it by what your computers need. Until then: one value that shows that packages are installed.',
    `reg add "HKLM\\SOFTWARE\\Site ${code}" /v Deployed /t REG_SZ /d "%DATE% %TIME%" /f`,
    'exit /b %ERRORLEVEL%',
  ];
}

function installScript({ code }: NewSite): readonly string[] {
  return [
    '@echo off',
    'rem Replace it by an installer. Until then: one text file, which the detection of content.yaml looks for.',
    `if not exist "%ProgramData%\\Site ${code}" md "%ProgramData%\\Site ${code}"`,
    `copy /y support.txt "%ProgramData%\\Site ${code}\\support.txt"`,
    'exit /b %ERRORLEVEL%',
  ];
}

/** cmd.exe reads labels wrongly in files with bare line feeds. */
function windowsText(lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n`;
}
