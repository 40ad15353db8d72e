// What makes the new Windows start the agent once its Setup is complete: a start-up task, and the commands and the script that register it. Pure.
// `Setup\CmdLine` stays untouched: overwriting it in a generalised image would skip specialize and OOBE.
import { ENCRYPTION_HOLD_OFF as HOLD_OFF } from '../machine/windows/device-encryption.ts';
import { START_UP_TASK } from '../machine/windows/start-up-task.ts';
import { type SetupCommand, xmlText } from './unattend-xml.ts';

/** Name of the start-up task; the machine takes it away under the same name. */
export const TASK_NAME = START_UP_TASK;

/** In the agent's folder of the new Windows. */
export const TASK_FILE = 'task.xml';

/** Below the volume's root; Setup looks in `Panther\Unattend` before `Panther`, so nothing may lie there. */
export const ANSWER_FILE = 'Windows/Panther/unattend.xml';
export const ANSWER_FILES_OF_IMAGE: readonly string[] = [
  'Windows/Panther/Unattend/unattend.xml',
  'Windows/Panther/Unattend/autounattend.xml',
  'Windows/Panther/autounattend.xml',
];

/** The script that Setup starts at its end, and the name that the image's own one waits under. */
export const SETUP_COMPLETE = 'Windows/Setup/Scripts/SetupComplete.cmd';
export const SETUP_COMPLETE_OF_IMAGE = 'Windows/Setup/Scripts/SetupComplete.image.cmd';

/** By this line the script is known as the agent's, whatever version wrote it. */
const SIGN = 'rem Prestage: goes on with the deployment where the answer file was not used.';

/**
 * The task as schtasks /xml takes it, in UTF-16. Made from a file because the switches of schtasks cannot say the half of it: a task made with them
 * does not start on battery, is stopped when the machine is unplugged, and after three days; and runs with low priority.
 * Source: Microsoft, Task Scheduler schema, "settingsType complex type" (the defaults).
 * @param executable the staged agent relative to the volume, with `/`.
 */
export function startUpTask(executable: string): string {
  return [
    '<?xml version="1.0" encoding="UTF-16"?>',
    '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">',
    '  <RegistrationInfo><Description>Goes on with the deployment of this computer, then removes itself.</Description></RegistrationInfo>',
    '  <Triggers><BootTrigger><Enabled>true</Enabled></BootTrigger></Triggers>',
    '  <Principals><Principal id="Author"><UserId>S-1-5-18</UserId><RunLevel>HighestAvailable</RunLevel></Principal></Principals>',
    '  <Settings>',
    '    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>',
    '    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>',
    '    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>',
    '    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>',
    '    <Priority>4</Priority>',
    '  </Settings>',
    `  <Actions Context="Author"><Exec><Command>${xmlText(inNewWindows(executable))}</Command><Arguments>continue</Arguments></Exec></Actions>`,
    '</Task>',
    '',
  ].join('\r\n');
}

/**
 * Commands of the specialize pass. cmd.exe expands the variables; a command line that does not begin with a quote is taken as it stands (cmd /?).
 * None ends with another code than 0, whatever happens: what Setup makes of it is not documented, and the fallback comes later.
 * @param taskFile the task's file relative to the volume, with `/`.
 */
export function specializeCommands(taskFile: string): readonly SetupCommand[] {
  const unlessSet = `reg.exe query ${HOLD_OFF.key} /v ${HOLD_OFF.value} || reg.exe add`;
  const one = '/t REG_DWORD /d 1 /f';
  return [
    // The sign first: what an image says itself (0 or 1) is neither changed here nor taken back at the end.
    {
      path: cmd(`${unlessSet} ${HOLD_OFF.signKey} /v ${HOLD_OFF.signValue} ${one}`),
      description: 'Note that device encryption is held off by the deployment',
    },
    {
      path: cmd(`${unlessSet} ${HOLD_OFF.key} /v ${HOLD_OFF.value} ${one}`),
      description: 'Hold device encryption off until the deployment is finished',
    },
    {
      path: cmd(`schtasks.exe ${registration(taskFile)}`),
      description: 'Continue the deployment after Setup',
    },
  ];
}

/**
 * SetupComplete.cmd, the fallback: Setup disables it with OEM product keys (Microsoft, "Add a custom script to Windows Setup"). The image's own
 * script runs after the task is registered, because it may end the shell, and before the task is started, because that takes this file away.
 */
export function setupCompleteText(taskFile: string): string {
  const schtasks = '"%SystemRoot%\\System32\\schtasks.exe"';
  const own = `%~dp0${SETUP_COMPLETE_OF_IMAGE.slice(SETUP_COMPLETE_OF_IMAGE.lastIndexOf('/') + 1)}`;
  return [
    '@echo off',
    SIGN,
    `${schtasks} /query /tn ${TASK_NAME} >nul 2>&1 || ${schtasks} ${registration(taskFile)}`,
    `if exist "${own}" call "${own}"`,
    `${schtasks} /run /tn ${TASK_NAME}`,
    '',
  ].join('\r\n');
}

/** Whether a SetupComplete.cmd is the agent's; else it is the image's. */
export function isOwnSetupComplete(text: string): boolean {
  return text.includes(SIGN);
}

function registration(taskFile: string): string {
  return `/create /f /tn ${TASK_NAME} /xml "${inNewWindows(taskFile)}"`;
}

function inNewWindows(file: string): string {
  return `%SystemDrive%\\${file.replaceAll('/', '\\')}`;
}

function cmd(command: string): string {
  return `cmd.exe /d /c ${command} & exit 0`;
}
