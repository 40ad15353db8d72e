// Installers of a rehearsal: recorded, ended with the exit code that `exit-codes.json` gives, and believed by detection.
import type { DetectionClause } from '../../content/manifest.ts';
import type { ProgramRequest, ProgramResult } from '../machine.ts';
import type { CommandRecord } from './command-record.ts';
import { exitCodesSchema, readRehearsalFile } from './machine-file.ts';

/** Codes after which an installer has done its work (restart codes included); as Configuration Manager takes them. */
const DONE: ReadonlySet<number> = new Set([0, 1707, 3010, 1641]);

/** Records the program and returns the exit code authored for this run of it, 0 when none is. */
export async function rehearseProgram(
  disk: string,
  record: CommandRecord,
  request: ProgramRequest,
  relative: (folder: string) => string,
): Promise<ProgramResult> {
  const codes = (await readRehearsalFile(disk, 'exit-codes.json', exitCodesSchema)) ?? {};
  const before = (await record.read()).filter(
    each => each.kind === 'program' && each.command === request.command,
  ).length;
  const authored = Object.hasOwn(codes, request.command) ? codes[request.command]! : 0;
  const exitCode = typeof authored === 'number' ? authored : authored[Math.min(before, authored.length - 1)]!;
  await record.append({
    kind: 'program',
    command: request.command,
    folder: relative(request.folder),
    exitCode,
    rehearsed: true,
  });
  return { exitCode, timedOut: false, stdout: '', stderr: '', rehearsed: true };
}

/**
 * Whether a rehearsed machine meets a detection rule that its files do not. A rule that was not met counts as met once an installer has
 * ended well after that: in a deployment a rule is asked just before and just after its own installer.
 */
export async function believesDetected(
  record: CommandRecord,
  clause: DetectionClause,
  listed: readonly string[],
): Promise<boolean> {
  const name =
    'productCode' in clause ? clause.productCode : 'registryKey' in clause ? clause.registryKey : clause.file;
  if (listed.some(each => each.toLowerCase() === name.toLowerCase())) return true;
  const key = JSON.stringify(clause);
  const records = await record.read();
  const asked = records.findLastIndex(each => each.kind === 'not-detected' && each.clause === key);
  if (asked >= 0 && records.slice(asked).some(each => each.kind === 'program' && DONE.has(each.exitCode)))
    return true;
  await record.append({ kind: 'not-detected', clause: key, rehearsed: true });
  return false;
}
