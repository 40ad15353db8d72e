// The real Linux executable as a child process: what went in is a command line, what comes out is an exit code and two streams of text.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { z } from 'zod';
import { BUILD } from '../../scripts/setup/place.mjs';

export const PRESTAGE: string = join(BUILD, 'prestage');

/** The fault as `--json` prints it on the last line of standard error. */
export const faultLine = z.object({
  fault: z.object({
    code: z.string(),
    title: z.string(),
    subject: z.string(),
    detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
    causes: z.array(z.string()),
  }),
});
export type PrintedFault = z.infer<typeof faultLine>['fault'];

export interface Ended {
  /** -1 when it was ended by a signal. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Ends the program with SIGTERM as soon as standard output holds this. */
  readonly stopAt?: string;
}

/** Runs `prestage WORDS...`; another `program` serves to run it inside something else. */
export async function runPrestage(
  words: readonly string[],
  { cwd, env = {}, stopAt }: RunOptions,
  program = PRESTAGE,
): Promise<Ended> {
  const child = spawn(program, words, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: cwd, ...env },
  });
  const closed = once(child, 'close');
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text;
    if (stopAt !== undefined && stdout.includes(stopAt)) child.kill('SIGTERM');
  });
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text;
  });
  const [code] = await closed;
  return { code: typeof code === 'number' ? code : -1, stdout, stderr };
}

/** The fault on the last line of standard error; undefined when that is no such line. */
export function printedFault({ stderr }: Ended): PrintedFault | undefined {
  const last = stderr.trimEnd().split('\n').at(-1) ?? '';
  return last.startsWith('{"fault":') ? faultLine.parse(JSON.parse(last)).fault : undefined;
}
