// Tells an applied Windows where its recovery environment (WinRE) lies.
import { access } from 'node:fs/promises';
import path from 'node:path';
import type { WindowsTools } from './windows-tool.ts';

/**
 * reagentc /Setreimage /Path FOLDER /Target WINDOWS, which only writes into the image that it is pointed at: the recovery environment stays
 * "disabled" until the new Windows' own set-up (specialize) enables it and moves it to a recovery partition where there is one.
 * Source: Microsoft, "Deploy Windows RE" (learn.microsoft.com/windows-hardware/manufacture/desktop/deploy-windows-re); "REAgentC command-line options".
 * @returns false when the image brings no Winre.wim. @throws Fault IMAGE-06 with the tool's words.
 */
export async function setRecovery(tools: WindowsTools, windowsFolder: string): Promise<boolean> {
  const folder = path.win32.join(windowsFolder, 'System32', 'Recovery');
  if (!(await exists(path.win32.join(folder, 'Winre.wim')))) return false;
  // As Microsoft's page does it: the image's own reagentc, which fits its Windows; Windows PE need not have one.
  const own = path.win32.join(windowsFolder, 'System32', 'Reagentc.exe');
  const tool = (await exists(own)) ? own : 'reagentc';
  const commandLine = ['/Setreimage', '/Path', folder, '/Target', windowsFolder];
  await tools.run(tool, commandLine, { code: 'IMAGE-06', subject: windowsFolder });
  return true;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
