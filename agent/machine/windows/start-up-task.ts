// The start-up task that goes on with the deployment in the new Windows, and how it and the agent's folder take leave together.
import { spawn } from 'node:child_process';
import path from 'node:path';
import type { WindowsTools } from './windows-tool.ts';

/** The task's name in Task Scheduler's root folder. */
export const START_UP_TASK = 'Prestage';

/** A running program cannot be deleted: its folder goes once it has ended. About a minute is tried, a second each. */
const ATTEMPTS = 60;

/**
 * Leaves behind a small cmd.exe that removes the folders as soon as the running program lets go of them, the last one first, and then the task. In
 * this order: should the power fail between, the task starts the agent in the first folder, or finds nothing to start.
 */
export async function retireAfterExit(
  tools: WindowsTools,
  systemFolder: string,
  folders: readonly string[],
): Promise<void> {
  const wait = `"${tools.path('ping')}" -n 2 127.0.0.1 >nul`;
  // In parentheses: cmd.exe takes an `&` behind `for` and `if` for a part of their bodies, and would remove the task in each turn or never.
  const remove = folders.map(
    folder =>
      `(for /l %i in (1,1,${ATTEMPTS}) do @if exist "${folder}" (rd /s /q "${folder}" 2>nul & if exist "${folder}" ${wait}))`,
  );
  const unregister = `"${tools.path('schtasks')}" /delete /tn ${START_UP_TASK} /f`;
  const child = spawn(
    path.win32.join(systemFolder, 'cmd.exe'),
    ['/d', '/s', '/c', `"${[...remove.toReversed(), unregister].join(' & ')}"`],
    {
      cwd: systemFolder, // elsewhere than in the folder, which could not be removed otherwise
      detached: true,
      stdio: 'ignore',
      windowsHide: true,
      windowsVerbatimArguments: true,
    },
  );
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('spawn', resolve);
  });
  child.unref();
}
