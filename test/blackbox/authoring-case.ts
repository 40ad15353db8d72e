// What an authoring command is given, as data, and the effects that cases need to lay it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Words } from './judge.ts';

/** What cases are made from. */
export interface AuthoringKit {
  /** The WIM of the good site: one image, for x64. */
  readonly wim: string;
  /** One image, for ARM. */
  readonly armWim: string;
  /** Two images, for x64. */
  readonly twoImages: string;
  /** Parts of a split WIM, the first one's name. */
  readonly split: string;
  /** Solid, as .esd files are. */
  readonly solid: string;
}

export interface AuthoringCase {
  readonly title: string;
  /** What is there before: a good site; the same and what it publishes; these and its media `out/depot.wim`. */
  readonly from: 'site' | 'published' | 'media';
  /** Makes the mistake, in the folder that holds `site`, `point` and `out`. */
  lay(place: string, kit: AuthoringKit): void | Promise<void>;
  readonly words: readonly string[];
  /** Without the rights of root, who may do everything. */
  readonly asNobody?: true;
  readonly exitCode?: number;
  readonly fault: string;
  readonly subject: Words;
  readonly says?: readonly Words[];
  /** It shows when something was written already: the same words are run once more with a good site. */
  readonly late?: true;
}

export const PUBLISH = ['publish', 'site', '--to', 'point'] as const;
export const CREATE = [
  'media',
  'create',
  'site',
  'depot',
  '--from',
  'point',
  '--to',
  'new/depot.wim',
] as const;
export const APPLY = ['media', 'apply', 'out/depot.wim', '--key', 'site/keys/media.pub', '--yes'] as const;

/** Exchanges a piece of a text file; throws where it does not stand there, so that no case tests nothing. */
export function edit(place: string, name: string, from: string, to: string): void {
  const file = path.join(place, name);
  const text = readFileSync(file, 'utf8');
  if (!text.includes(from)) throw new Error(`${name} has no ${from}`);
  writeFileSync(file, text.replaceAll(from, to));
}

/** Adds lines to a text file that is there. */
export function add(place: string, name: string, lines: string): void {
  const file = path.join(place, name);
  if (!existsSync(file)) throw new Error(`no ${name}`);
  writeFileSync(file, `${readFileSync(file, 'utf8').trimEnd()}\n${lines}\n`);
}
