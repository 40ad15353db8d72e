// Lays out what goes into the image, as a tree that is put over it: the launcher files of winpe/, the agent, agent.yaml with its certificates, drivers.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { at } from '../setup/place.mjs';
import { AGENT_PLACE, CONFIG_PLACE, DRIVERS_PLACE, WINPE_FILES } from './winpe-files.mjs';

/** The shell variant: winpeshl.exe runs startnet.cmd when there is no winpeshl.ini (Microsoft, "Wpeinit and Startnet.cmd"). */
const SHELL_FILE = 'winpeshl.ini';

/** What is deleted from the image before the tree is laid over it: an earlier Prestage with all that is its own. */
export function pathsToDelete({ shell }, listing) {
  const paths = ['/Prestage', ...(shell ? [`/${WINPE_FILES[SHELL_FILE]}`] : [])];
  return paths.filter(path => listing.has(path.toLowerCase()));
}

/** @param agent as lookAtAgent answers; `beside` the files that agent.yaml names, which lie beside it */
export function layLauncherTree(tree, { agent, config, beside, drivers, shell }) {
  for (const [name, place] of Object.entries(WINPE_FILES)) {
    if (shell && name === SHELL_FILE) continue;
    lay(join(tree, place), forMachine(agent.machine, readFileSync(at('winpe', name))));
  }
  lay(join(tree, AGENT_PLACE), agent.content);
  lay(join(tree, CONFIG_PLACE), readFileSync(config));
  for (const name of beside)
    lay(join(tree, dirname(CONFIG_PLACE), name), readFileSync(join(dirname(config), name)));
  for (const { folder } of drivers)
    cpSync(folder, join(tree, DRIVERS_PLACE, basename(folder)), { recursive: true, dereference: true });
}

/** Windows PE minds a component of its answer file only when that is for its own machine. */
function forMachine(machine, content) {
  if (machine !== 'arm64') return content;
  return content.toString().replaceAll('processorArchitecture="amd64"', 'processorArchitecture="arm64"');
}

function lay(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
