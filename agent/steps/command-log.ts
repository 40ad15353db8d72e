// What a command printed, kept in a log of its own below the run's logs; and Windows Installer's own log beside it.
import { open } from 'node:fs/promises';
import path from 'node:path';
import type { ProgramResult } from '../machine/machine.ts';
import type { StepWorld } from './step-world.ts';

/** A verbose log of a large product has some 100 MB; why it failed stands near its end. */
const MSI_LOG_MAX_BYTES = 16 * 1024 * 1024;

/** Appends command, exit code and output to `log`, without secrets. */
export async function keepOutput(
  command: string,
  result: ProgramResult,
  log: string,
  world: Pick<StepWorld, 'durable' | 'clock' | 'redact'>,
): Promise<void> {
  await world.durable.makeFolder(path.dirname(log));
  const text = [
    `${world.clock.now().toISOString()} ${command}`,
    `exit code ${result.exitCode ?? 'none: timed out'}${result.rehearsed ? ' (rehearsed, not run)' : ''}`,
    result.stdout,
    result.stderr,
    '',
  ].join('\r\n');
  await world.durable.append(log, Buffer.from(world.redact(text)));
}

/** Windows Installer writes properties into its log, passwords among them: it writes to `raw`, and only what is redacted goes to `kept`. */
export interface MsiLog {
  readonly raw: string;
  readonly kept: string;
}

/** Where Windows Installer's log of item `id` is written to, and where it is kept; all commands of an item share one. */
export function msiLogOf(id: string, { layout }: Pick<StepWorld, 'layout'>): MsiLog {
  const name = `install-${id}-msi.log`;
  return { raw: path.join(layout.own, 'temp', name), kept: path.join(layout.logs, name) };
}

/**
 * Moves what Windows Installer has written into the log that is kept, redacted. A restart in the middle leaves `raw` behind: it is moved at
 * the next start.
 * @returns whether there was anything.
 */
export async function keepMsiLog({ raw, kept }: MsiLog, world: StepWorld): Promise<boolean> {
  const bytes = await endOf(raw);
  if (bytes === undefined) return false;
  await world.durable.makeFolder(path.dirname(kept));
  await world.durable.append(kept, Buffer.from(world.redact(textOf(bytes))));
  await world.durable.remove(raw);
  return true;
}

async function endOf(file: string): Promise<Buffer | undefined> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const { size } = await handle.stat();
    const mark = Buffer.alloc(2);
    await handle.read(mark, 0, 2, 0);
    // An even offset, so that no character of two bytes is halved.
    const from = Math.max(0, Math.ceil((size - MSI_LOG_MAX_BYTES) / 2) * 2);
    const bytes = Buffer.alloc(size - from);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
    const read = bytes.subarray(0, bytesRead);
    // The mark that tells UTF-16 stands at the beginning of the whole file.
    return from > 0 && isUtf16(mark) ? Buffer.concat([mark, read]) : read;
  } finally {
    await handle.close();
  }
}

const isUtf16 = (bytes: Buffer): boolean => bytes[0] === 0xff && bytes[1] === 0xfe;

function textOf(bytes: Buffer): string {
  return isUtf16(bytes) ? bytes.subarray(2).toString('utf16le') : bytes.toString('latin1');
}
