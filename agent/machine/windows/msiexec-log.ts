// Gives Windows Installer a log where the author of a command asked for none: without one, exit code 1603 says nothing at all. Pure.
import path from 'node:path';
import type { CommandLine } from './command-line.ts';

// Source: Microsoft, "Command-Line Options" of msiexec (learn.microsoft.com/windows/win32/msi/command-line-options): install /i /package,
// uninstall /x /uninstall, patch /p /update, advertise /j, administrative /a, repair /f with its letters; log /L with its letters, or /log.
const INSTALLS = /(?:^|\s)[/-](?:i|package|x|uninstall|p|update|a|j[um]?|f[pomusdecav]*)(?=[\s"{]|$)/i;
const LOGS = /(?:^|\s)[/-]l(?:og|[iwearucmopvx+!*]*)(?=[\s"]|$)/i;

/** @returns the arguments of `split` with a verbose log into `log`; as they are when it is not msiexec, installs nothing or has a log of its own. */
export function withMsiLog({ program, rest }: CommandLine, log: string | undefined): string {
  const isMsiexec = /^msiexec(\.exe)?$/i.test(path.win32.basename(program));
  if (log === undefined || !isMsiexec || !INSTALLS.test(rest) || LOGS.test(rest)) return rest;
  return `${rest} /l*v "${log}"`;
}
