// prestage keys: make keys, look at them, protect them, revoke them.
import type { Command } from 'commander';
import type { Composition } from './composition.ts';
import { addKeysNew } from './keys/new.ts';
import { addKeysProtect } from './keys/protect.ts';
import { addKeysRevoke } from './keys/revoke.ts';
import { addKeysShow } from './keys/show.ts';

/** Registers the command and its sub-commands. */
export function addKeys(
  program: Command,
  compose: () => Promise<Composition>,
  exit: (code: number) => void,
): void {
  const keys = program.command('keys').summary('make, show, protect and revoke the keys that sign');
  addKeysNew(keys, compose, exit);
  addKeysShow(keys, compose, exit);
  addKeysProtect(keys, compose, exit);
  addKeysRevoke(keys, compose, exit);
}
