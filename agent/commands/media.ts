// prestage media: make prestaged media, lay it on a disk, prove that it arrived, look at it.
import type { Command } from 'commander';
import type { Composition } from './composition.ts';
import { addMediaApply } from './media/apply.ts';
import { addMediaCommands } from './media/commands.ts';
import { addMediaCreate } from './media/create.ts';
import { addMediaInspect } from './media/inspect.ts';
import { addMediaVerify } from './media/verify.ts';

/** Registers the command and its sub-commands. */
export function addMedia(
  program: Command,
  compose: () => Promise<Composition>,
  exit: (code: number) => void,
): void {
  const media = program
    .command('media')
    .summary('make prestaged media, lay it on a disk, prove it, look at it');
  addMediaCreate(media, compose, exit);
  addMediaApply(media, compose, exit);
  addMediaCommands(media, compose, exit);
  addMediaVerify(media, compose, exit);
  addMediaInspect(media, compose, exit);
}
