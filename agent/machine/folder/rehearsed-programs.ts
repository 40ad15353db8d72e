// Installers of a rehearsal: recorded, ended with the exit code that `exit-codes.json` gives, and believed by detection.
import type { DetectionRule } from '../../content/manifest.ts';
import type { DurableFiles } from '../../durable/durable-files.ts';
import type { Redact } from '../../fault/redact.ts';
import type { ProgramRequest, ProgramResult } from '../machine.ts';
import type { CommandRecord } from './command-record.ts';
import { exitCodesSchema, type MachineFile, readRehearsalFile } from './machine-file.ts';

/** Codes after which an installer has done its work (restart codes included); as Configuration Manager takes them. */
const DONE: ReadonlySet<number> = new Set([0, 1707, 3010, 1641]);

export interface RehearsalWorld {
  readonly disk: string;
  readonly durable: DurableFiles;
  readonly record: CommandRecord;
  readonly redact: Redact;
  readonly relative: (folder: string) => string;
  readonly described: () => Promise<MachineFile>;
}

/** Records the program and returns the end authored for this run of it, exit code 0 when none is; sets the variables authored for it. */
export async function rehearseProgram(
  { command, folder, environment, asksOnly }: ProgramRequest,
  { disk, durable, record, redact, relative, described }: RehearsalWorld,
): Promise<ProgramResult> {
  const codes = (await readRehearsalFile(disk, 'exit-codes.json', exitCodesSchema)) ?? {};
  const shown = redact(command);
  const before = (await record.read()).filter(each => 'command' in each && each.command === shown).length;
  const authored = Object.hasOwn(codes, command) ? codes[command]! : 0;
  const end = typeof authored === 'object' ? authored[Math.min(before, authored.length - 1)]! : authored;
  await record.append({
    kind: asksOnly === true ? 'question' : 'program',
    command: shown,
    folder: relative(folder),
    exitCode: end,
    rehearsed: true,
  });
  const { PRESTAGE_VARIABLES: file, PRESTAGE_STEP: step } = environment ?? {};
  if (file !== undefined) {
    const { prestart, commands = {} } = await described();
    const set = step === 'prestart' ? prestart : Object.hasOwn(commands, command) ? commands[command] : {};
    const lines = Object.entries(set ?? {}).map(([name, value]) => `${name}=${value}\r\n`);
    await durable.replaceFile(file, Buffer.from(lines.join('')));
  }
  const printed = { stdout: '', stderr: '', rehearsed: true } as const;
  return end === 'timeout' ? { timedOut: true, ...printed } : { exitCode: end, timedOut: false, ...printed };
}

/**
 * Whether a rehearsed machine meets a detection rule that its files do not. A rule that was not met counts as met once an installer has
 * ended well after that: in a deployment a rule is asked just before and just after its own installer.
 */
export async function believesDetected(
  record: CommandRecord,
  clause: DetectionRule,
  listed: readonly string[],
): Promise<boolean> {
  const name =
    'productCode' in clause ? clause.productCode : 'registryKey' in clause ? clause.registryKey : clause.file;
  if (listed.some(each => each.toLowerCase() === name.toLowerCase())) return true;
  const key = JSON.stringify(clause);
  const records = await record.read();
  const asked = records.findLastIndex(each => each.kind === 'not-detected' && each.clause === key);
  if (
    asked >= 0 &&
    records
      .slice(asked)
      .some(each => each.kind === 'program' && each.exitCode !== 'timeout' && DONE.has(each.exitCode))
  )
    return true;
  await record.append({ kind: 'not-detected', clause: key, rehearsed: true });
  return false;
}
