// What makes the new Windows start the agent once its Setup is complete, as text files. Pure.
import { START_UP_TASK } from '../machine/windows/start-up-task.ts';

/** Name of the start-up task; the machine takes it away under the same name. */
export const TASK_NAME = START_UP_TASK;

/** A file of the new Windows: path relative to the volume with `/`, text as it is to stand there. */
export interface ContinuationFile {
  readonly path: string;
  readonly text: string;
}

/**
 * @param executable the staged agent relative to the volume, as the new Windows will see it below its system drive.
 * @returns the answer file, whose specialize pass registers a start-up task as SYSTEM, and SetupComplete.cmd, which registers it where the
 * answer file was not used. Windows Setup disables SetupComplete.cmd with OEM product keys (Microsoft, "Add a custom script to Windows
 * Setup"), so it is only the fallback; and `Setup\CmdLine` stays untouched, because overwriting it would skip specialize and OOBE.
 */
export function continuationFiles(executable: string): readonly ContinuationFile[] {
  const windowsPath = executable.replaceAll('/', '\\');
  const register = `schtasks.exe /create /f /tn ${TASK_NAME} /sc onstart /ru SYSTEM /rl highest /tr "%SystemDrive%\\${windowsPath} continue"`;
  return [
    { path: 'Windows/Panther/unattend.xml', text: unattend(register) },
    { path: 'Windows/Setup/Scripts/SetupComplete.cmd', text: setupComplete(register) },
  ];
}

function unattend(register: string): string {
  // cmd.exe expands %SystemDrive%; RunSynchronous starts its path as it stands. Order and escaping: Microsoft-Windows-Deployment RunSynchronousCommand.
  const path = xmlText(`cmd.exe /d /c ${register}`);
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<unattend xmlns="urn:schemas-microsoft-com:unattend" xmlns:wcm="http://schemas.microsoft.com/WMIConfig/2002/State">',
    '  <settings pass="specialize">',
    ...['amd64', 'arm64'].flatMap(architecture => [
      `    <component name="Microsoft-Windows-Deployment" processorArchitecture="${architecture}" publicKeyToken="31bf3856ad364e35" language="neutral" versionScope="nonSxS">`,
      '      <RunSynchronous>',
      '        <RunSynchronousCommand wcm:action="add">',
      '          <Order>1</Order>',
      `          <Path>${path}</Path>`,
      '          <Description>Continue the deployment after Setup</Description>',
      '        </RunSynchronousCommand>',
      '      </RunSynchronous>',
      '    </component>',
    ]),
    '  </settings>',
    '</unattend>',
    '',
  ].join('\r\n');
}

function setupComplete(register: string): string {
  return [
    '@echo off',
    `schtasks.exe /query /tn ${TASK_NAME} >nul 2>&1 || ${register}`,
    `schtasks.exe /run /tn ${TASK_NAME}`,
    '',
  ].join('\r\n');
}

function xmlText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
