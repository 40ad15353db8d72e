// Runs `npm run boot-image` as a person would, with an agent.yaml that has a real key, and reads what it made with other tools than its own.
import { readFileSync, writeFileSync } from 'node:fs';
import { newKeyPair } from '../../agent/trust/keys.ts';
import { at, NODE } from '../../scripts/setup/place.mjs';
import { type Ended, runPrestage } from '../blackbox/run-prestage.ts';
import { tool } from './raw-disk.ts';

export const SCRIPT: string = at('scripts/boot-image.mjs');

/** Runs it with `words` in `cwd`. `env` may give another PATH, so that tools are missing. */
export function runBootImage(
  words: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Ended> {
  return runPrestage([SCRIPT, ...words], { cwd, ...(env ? { env } : {}) }, NODE);
}

/** Writes the template of winpe/ with a real key to `file`. @returns the key's ID */
export function writeAgentConfig(file: string, more = ''): string {
  const { text, id } = newKeyPair().public;
  const template = readFileSync(at('winpe/agent.yaml'), 'utf8');
  writeFileSync(file, template.replace(/^ {2}- ed25519:A+=/m, `  - ${text}`) + more);
  return id;
}

/** Applies an image of a WIM to a folder, where its files can be looked at. */
export async function applyImage(wim: string, index: number, folder: string): Promise<string> {
  await tool('wimlib-imagex', ['apply', wim, String(index), folder, '--no-acls', '--check']);
  return folder;
}

/** A line of `wimlib-imagex info`, such as `Boot Index`. */
export async function factOf(wim: string, name: string): Promise<string | undefined> {
  const facts = await tool('wimlib-imagex', ['info', wim]);
  return new RegExp(`^${name}: +(.*)$`, 'm').exec(facts)?.[1];
}

/** The one sentence that a run ends with, line ends made spaces. */
export const lastWords = ({ stderr }: Ended): string =>
  stderr.trim().split('\n\n').at(-1)!.replaceAll('\n', ' ');
