// Pulling the plug of a computer that runs Windows: at which moment, what one start of the agent has done until then, and what is there in the end.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { recall } from '../../agent/journal/past.ts';
import type { MisbehavingServer } from './misbehaving-server.ts';
import type { WindowsComputer } from './windows-computer.ts';
import { INSTALLED, INSTALLED_KEY } from './windows-site.ts';

/** A moment at which the plug is pulled: when `seen` in what this run has done so far. Then `open` is under way, where that is certain. */
export interface Kill {
  readonly where: string;
  readonly seen: (run: Run) => boolean;
  readonly open?: string;
}

/** What one start of the agent has done so far, seen from outside. */
export interface Run {
  readonly volume: string;
  journaled(text: string): boolean;
  /** A file of this name was asked for at the distribution point. */
  asked(fileName: string): boolean;
  called(tool: RegExp): boolean;
}

/** A run that begins now. */
export function beginRun(computer: WindowsComputer, point?: MisbehavingServer): Run {
  const { volume, calls, journalText } = computer;
  const begin = {
    journal: journalText().length,
    requests: point?.requests.length ?? 0,
    calls: calls().length,
  };
  return {
    volume,
    journaled: text => journalText().includes(text, begin.journal),
    asked: fileName =>
      (point?.requests ?? []).slice(begin.requests).some(request => request.path.endsWith(`/${fileName}`)),
    called: tool =>
      calls()
        .slice(begin.calls)
        .some(call => tool.test(call)),
  };
}

/** Starts the agent and pulls the plug at that moment. */
export async function killed(
  computer: WindowsComputer,
  command: 'deploy' | 'goOn',
  { where, seen, open }: Kill,
  run: Run,
): Promise<void> {
  await computer[command].kill(() => seen(run));
  if (open !== undefined) expect([...recall(await computer.journal()).open].at(-1), where).toBe(open);
}

export interface FinalState {
  /** Path -> digest, without what tells of the runs themselves. */
  readonly files: Readonly<Record<string, string>>;
  /** What the installers left in the registry. */
  readonly values: string;
  /** The applications that Windows can uninstall. */
  readonly products: string;
}

const UNINSTALL = 'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall';

/** Waits for the cache to go, shuts down, starts again, and looks. */
export async function finalState(computer: WindowsComputer): Promise<FinalState> {
  await expect.poll(computer.calls, { timeout: 60_000 }).toContain('schtasks /delete /tn Prestage /f');
  expect(existsSync(computer.layout.root)).toBe(false);
  await computer.shutWindowsDown();
  const query = async (key: string): Promise<string> =>
    (await computer.inWindows('reg', 'query', key, '/s')).stdout;
  const values = await query(INSTALLED_KEY);
  const products = (await query(UNINSTALL)).replaceAll(/^ *InstallDate .*\n/gm, '');
  const files = Object.entries(await computer.files())
    .filter(([name]) => name !== INSTALLED && !name.startsWith('Windows/Logs/Prestage/'))
    // Windows Installer keeps packages under names of its own choice.
    .map(([name, digest]) => [name.replace(/^(Windows\/Installer\/).*(\.msi)$/, `$1${digest}$2`), digest]);
  return { files: Object.fromEntries(files), values, products };
}

/** A file's text; '' when it is not there. */
export function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** The report that a finished deployment keeps on the volume; '{}' while there is none. */
export function keptReportText(volume: string): string {
  return textOf(path.join(volume, 'Windows/Logs/Prestage/report.json')) || '{}';
}
