// `prestage serve`: a folder as a distribution point, until Ctrl-C.
import type { Command } from 'commander';
import { Fault } from '../fault/fault.ts';
import type { Observe } from '../progress/event.ts';
import { serveFolder } from '../server/serve-folder.ts';

/** What the command needs of its surroundings. */
export interface ServeWorld {
  /** Prints one line for the person. */
  readonly print: (line: string) => void;
  readonly observe: Observe;
  /** Aborted by Ctrl-C or a closing console. */
  readonly signal: AbortSignal;
}

/** Adds the command. Faults: USAGE-01, USAGE-08. */
export function addServe(program: Command, world: ServeWorld): void {
  program
    .command('serve')
    .summary('serve a folder as a distribution point')
    .description(
      'Serves FOLDER over HTTP as a distribution point, as nginx or IIS would: GET, HEAD and Range; no listing.',
    )
    .argument('<folder>', 'the folder that `prestage publish` wrote')
    .option('--port <number>', 'port to listen on; 0 takes a free one', '8080')
    .option('--host <address>', 'address to listen on; 0.0.0.0 for every machine of the network', '127.0.0.1')
    .addHelpText('after', '\nExample:\n  prestage serve ./dp --port 8080 --host 0.0.0.0\n')
    .action((folder: string, options: { port: string; host: string }) => serve(folder, options, world));
}

async function serve(
  folder: string,
  options: { readonly port: string; readonly host: string },
  world: ServeWorld,
): Promise<void> {
  const port = Number(options.port);
  if (!/^\d{1,5}$/.test(options.port) || port > 65_535)
    throw new Fault('USAGE-01', '--port', { expected: 'a number from 0 to 65535', found: options.port });
  const server = await serveFolder({ folder, port, host: options.host, observe: world.observe });
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
