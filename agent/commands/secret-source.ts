// Where a password or passphrase comes from: a file, an environment variable, or a person at the terminal; never the command line, which every
// program on the machine can read. The redactor knows it before anybody else does.
import { open } from 'node:fs/promises';
import { askSecret } from '../console/ask-secret.ts';
import { Fault } from '../fault/fault.ts';
import type { Composition } from './composition.ts';

/** Variables that hold a secret; compose.ts takes them out of what child programs inherit. */
export const MEDIA_PASSWORD_VARIABLE = 'PRESTAGE_MEDIA_PASSWORD';
export const PASSPHRASE_VARIABLE = 'PRESTAGE_PASSPHRASE';
/** The one that a key gets in place of it. */
export const NEW_PASSPHRASE_VARIABLE = 'PRESTAGE_NEW_PASSPHRASE';
export const SECRET_VARIABLES: readonly string[] = [
  MEDIA_PASSWORD_VARIABLE,
  PASSPHRASE_VARIABLE,
  NEW_PASSPHRASE_VARIABLE,
];

export interface SecretAsked {
  /** What it is, as the question on the screen: `Password of media "depot"`. */
  readonly what: string;
  /** The option that names a file, with its dashes, and the file where it was given. */
  readonly option: string;
  readonly file?: string | undefined;
  readonly variable: string;
}

export interface GivenSecret {
  readonly text: string;
  /** Only a person can be asked again. */
  readonly from: 'file' | 'environment' | 'terminal';
}

/** A command whose standard output is a result for a program leaves `terminal` out. */
export type SecretWorld = Pick<
  Composition,
  'environment' | 'signal' | 'learnSecret' | 'endProgress' | 'terminal'
>;

/** Fewer characters are refused where a secret is chosen. */
export const SHORTEST_SECRET = 8;

const FILE_MAX_BYTES = 64 * 1024;
const NEW_TRIES = 3;

/**
 * @returns an existing secret, as it was given: the first line of the file, else the variable, else what a person types.
 * Faults: USAGE-17 nobody to ask, USAGE-08 the file cannot be read or begins with an empty line, STOP-01 the person leaves.
 */
export async function obtainSecret(asked: SecretAsked, world: SecretWorld): Promise<GivenSecret> {
  const given = await withoutAsking(asked, world);
  if (given !== undefined) return given;
  return { text: await ask(asked.what, asked, world), from: 'terminal' };
}

/** As obtainSecret for a secret that is chosen now: typed twice, and long enough. Fault besides: USAGE-01 too short, or not typed alike. */
export async function obtainNewSecret(asked: SecretAsked, world: SecretWorld): Promise<GivenSecret> {
  const given = await withoutAsking(asked, world);
  if (given !== undefined) {
    const wrong = tooShort(given.text);
    if (wrong === undefined) return given;
    throw new Fault('USAGE-01', given.from === 'file' ? asked.option : asked.variable, { found: wrong });
  }
  const seen = world.terminal?.keepUnseen?.();
  try {
    return { text: await askTwice(asked, world), from: 'terminal' };
  } finally {
    seen?.();
  }
}

async function askTwice(asked: SecretAsked, world: SecretWorld): Promise<string> {
  for (let left = NEW_TRIES; ; left--) {
    const text = await ask(`New ${lowerFirst(asked.what)}`, asked, world);
    const wrong =
      tooShort(text) ??
      ((await ask('The same once more', asked, world)) === text ? undefined : 'the two are not the same');
    if (wrong === undefined) return text;
    if (left <= 1) throw new Fault('USAGE-01', asked.what, { found: wrong });
    world.terminal?.write(`That cannot be taken: ${wrong}. Once more, or Esc to leave.\n`);
  }
}

async function withoutAsking(
  { file, variable }: SecretAsked,
  { environment, learnSecret }: SecretWorld,
): Promise<GivenSecret | undefined> {
  if (file !== undefined) {
    const text = await firstLine(file);
    learnSecret([text]);
    return { text, from: 'file' };
  }
  const text = environment[variable];
  if (text === undefined || text === '') return undefined;
  learnSecret([text]);
  return { text, from: 'environment' };
}

async function ask(
  question: string,
  { option, variable }: SecretAsked,
  { terminal, endProgress, learnSecret, signal }: SecretWorld,
): Promise<string> {
  if (terminal === undefined)
    throw new Fault('USAGE-17', question, { expected: `${option} FILE, or the variable ${variable}` });
  endProgress();
  const text = await askSecret(terminal, question, signal);
  learnSecret([text]);
  return text;
}

/** Editors and PowerShell on Windows write UTF-16 or a mark in front. */
async function firstLine(file: string): Promise<string> {
  const bytes = await readStart(file);
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  const text = new TextDecoder(utf16 ? 'utf-16le' : 'utf-8').decode(bytes);
  const line = text.split(/\r?\n/, 1)[0] ?? '';
  if (line === '')
    throw new Fault('USAGE-08', file, { expected: 'a secret in the first line', found: 'an empty line' });
  return line;
}

async function readStart(file: string): Promise<Uint8Array> {
  try {
    const handle = await open(file, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(FILE_MAX_BYTES), 0, FILE_MAX_BYTES, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new Fault('USAGE-08', file, { expected: 'a file with a secret in its first line' }, { cause });
  }
}

function tooShort(text: string): string | undefined {
  const characters = [...text].length;
  if (characters >= SHORTEST_SECRET) return undefined;
  return `${characters} characters, and ${SHORTEST_SECRET} are the fewest`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
