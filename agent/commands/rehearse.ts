// prestage rehearse: plays a whole deployment in a folder that poses as the computer, on any system.
import type { Command } from 'commander';
import { EXIT_CONTINUES_AFTER_RESTART } from '../fault/catalogue.ts';
import type { Composition } from './composition.ts';
import { continueDeployment } from './continue.ts';
import { deployOnce } from './deploy.ts';

export interface RehearseOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly deployment?: string;
  readonly passwordFile?: string;
}

// An installer that asks for a hard restart each time must not keep a rehearsal going for ever.
const MOST_RESTARTS = 20;

/** Registers the command. */
export function addRehearse(
  program: Command,
  compose: () => Promise<Composition>,
  exit: (code: number) => void,
): void {
  program
    .command('rehearse')
    .summary('play a deployment in a folder that poses as the computer: deploy, restart, continue')
    .description(
      'Real media, real content, a real apply; boot store, drivers and installers are recorded in the folder instead of run.',
    )
    .argument('<disk>', 'the folder, as `prestage media apply` makes it')
    .option('--config <file>', 'agent.yaml with the pinned keys (default: beside the executable)')
    .option('--deployment <id>', 'run this deployment')
    .option('--password-file <file>', 'file with the media’s password in its first line')
    .option('--json', 'print the last report as JSON')
    .addHelpText('after', '\nExamples:\n  prestage rehearse out/disk --config agent.yaml')
    .action(async (disk: string, options: RehearseOptions) =>
      exit(await rehearse(disk, options, await compose())),
    );
}

/** @returns the exit code of the last part. */
export async function rehearse(
  disk: string,
  options: RehearseOptions,
  composition: Composition,
): Promise<number> {
  const quiet: Composition = options.json === true ? { ...composition, print: () => {} } : composition;
  for (let restarts = 0; ; restarts++) {
    const outcome = await deployOnce({ ...options, disk, restart: false }, quiet);
    if (outcome === 'handed-over') break;
    if (restarts === MOST_RESTARTS) return EXIT_CONTINUES_AFTER_RESTART;
  }
  for (let restarts = 0; ; restarts++) {
    const code = await continueDeployment({ ...options, disk, restart: false }, composition);
    if (code !== EXIT_CONTINUES_AFTER_RESTART || restarts === MOST_RESTARTS) return code;
  }
}
