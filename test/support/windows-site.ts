// The small site for computers that run Windows: real installer scripts in place of those that a rehearsal only records.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Tree } from './site-kit.ts';
import { ITEMS } from './small-site.ts';

/** Each installer writes its item's ID here, a line a start. */
export const INSTALLED = 'installs.txt';

/** @returns the IDs, in the order of the starts. */
export async function installedOn(volume: string): Promise<readonly string[]> {
  return (await readFile(path.join(volume, INSTALLED), 'utf8')).trim().split('\r\n');
}

/** Below it each installer leaves a value of its item's ID. */
export const INSTALLED_KEY = 'HKLM\\SOFTWARE\\Sample';

/** The editor leaves this file, by which it is detected. */
export const EDITOR = 'Program Files/Editor/editor.exe';

/** The editor's content.yaml; also to be handed to `moveWorldOn`. */
export const EDITOR_ITEM = {
  ...ITEMS.editor,
  install: [{ command: 'install.cmd', successCodes: [0] }],
  detection: [{ file: `C:\\${EDITOR.replaceAll('/', '\\')}` }],
} as const;

/** How the installers end. */
export interface Endings {
  /** CON00006, a package. */
  readonly tool: number;
  /** CON00003, a package that the editor needs: at its first start, and at the next ones. */
  readonly runtime: readonly [first: number, next: number];
  /** CON00002, an application. */
  readonly editor: number;
}

/** Differences for `makeSmallSite`. */
export function windowsSite({ tool, runtime, editor }: Endings): Tree {
  return {
    'content/CON00002/content.yaml': EDITOR_ITEM,
    'content/CON00002/files/install.cmd': script(
      'CON00002',
      'mkdir "C:\\Program Files\\Editor" 2>nul',
      `copy /y setup.exe "C:\\${EDITOR.replaceAll('/', '\\')}" >nul`,
      `exit /b ${editor}`,
    ),
    'content/CON00003/files/run.cmd': script(
      'CON00003',
      `if exist C:\\runtime.txt exit /b ${runtime[1]}`,
      'echo once>C:\\runtime.txt',
      `exit /b ${runtime[0]}`,
    ),
    'content/CON00005/files/EFI/Microsoft/Boot/BCD': 'boot store',
    // A second of work, so that there is time to pull the plug in.
    'content/CON00006/files/tool.cmd': script('CON00006', 'ping -n 2 127.0.0.1 >nul', `exit /b ${tool}`),
  };
}

/** A batch file that writes down that it was started, then does `lines`. */
function script(id: string, ...lines: readonly string[]): string {
  const register = `reg add ${INSTALLED_KEY} /v ${id} /d installed /f >nul`;
  return ['@echo off', `echo ${id}>>C:\\${INSTALLED}`, register, ...lines, ''].join('\r\n');
}
