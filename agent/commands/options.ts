// Options that several commands share, in the same words.
import type { Command } from 'commander';

/** Adds `--disk`, `--config` and `--json`. */
export function addMachineOptions(command: Command): Command {
  return command
    .option('--disk <folder>', 'a folder that poses as the disk of this computer (rehearsal)')
    .option(
      '--media <volume>',
      'the volume that holds the media, where there are several (root, label or GUID)',
    )
    .option('--config <file>', 'agent.yaml with the pinned keys (default: beside the executable)')
    .option('--json', 'print the result as JSON');
}
