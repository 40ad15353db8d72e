// `prestage serve`: a folder as a distribution point, until Ctrl-C.
import path from 'node:path';
import type { Command } from 'commander';
import { Fault } from '../fault/fault.ts';
import { openStatusReceiver } from '../server/receive-status.ts';
import { serveFolder } from '../server/serve-folder.ts';
import type { Composition } from './composition.ts';

/** What the command needs of its surroundings. */
export type ServeWorld = Pick<Composition, 'print' | 'observe' | 'signal' | 'durable'>;

/** Registers the command. Faults: USAGE-01, USAGE-08. */
export function addServe(
  program: Command,
  compose: () => Promise<ServeWorld>,
  exit: (code: number) => void,
): void {
  program
    .command('serve')
    .summary('serve a folder as distribution and management point, and receive status')
    .description(
      'Serves FOLDER over HTTP as a distribution point, as nginx or IIS would: GET, HEAD and Range; no listing. Machines may post their status to it: each event is kept once, in a file for each deployment.',
    )
    .argument('<folder>', 'the folder that `prestage publish` wrote')
    .option('--port <number>', 'port to listen on; 0 takes a free one', '8080')
    .option('--host <address>', 'address to listen on; 0.0.0.0 for every machine of the network', '127.0.0.1')
    .option('--status <folder>', 'where received status is kept; .status in FOLDER, which is not served')
    .option('--no-status', 'refuse status')
    .addHelpText(
      'after',
      '\nExamples:\n  prestage serve ./dp --port 8080 --host 0.0.0.0\n  prestage serve ./dp --status ./received\n',
    )
    .action(async (folder: string, options: ServeCommandOptions) => {
      await serve(folder, options, await compose());
      exit(0);
    });
}

interface ServeCommandOptions {
  readonly port: string;
  readonly host: string;
  /** False: `--no-status`. True, as commander has it, when nothing is said. */
  readonly status?: string | boolean;
}

async function serve(folder: string, options: ServeCommandOptions, world: ServeWorld): Promise<void> {
  const port = Number(options.port);
  if (!/^\d{1,5}$/.test(options.port) || port > 65_535)
    throw new Fault('USAGE-01', '--port', { expected: 'a number from 0 to 65535', found: options.port });
  const { observe, durable } = world;
  const kept = typeof options.status === 'string' ? options.status : path.join(folder, '.status');
  const below = path.relative(path.resolve(folder), path.resolve(kept));
  // Names with a dot at the top are not served.
  if (options.status !== false && !below.startsWith('.') && !path.isAbsolute(below))
    throw new Fault('USAGE-01', '--status', {
      expected: 'a folder elsewhere than in the one that is served, where everybody could read it',
      found: kept,
    });
  const server = await serveFolder({
    folder,
    port,
    host: options.host,
    observe,
    ...(options.status === false ? {} : { status: openStatusReceiver({ folder: kept, durable, observe }) }),
  });
  world.print(`Serving ${folder} at ${server.url}/ until Ctrl-C.`);
  await aborted(world.signal);
  await server.close();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
