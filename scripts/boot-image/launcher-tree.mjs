// Lays out what goes into the image, as a tree that is put over it: the launcher files of winpe/, the agent, agent.yaml with its certificates, drivers.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { at } from '../setup/place.mjs';
import { copyFile } from './copy-file.mjs';
import { filesBelow } from './digest.mjs';
import { AGENT_PLACE, CONFIG_PLACE, DRIVERS_PLACE, WINPE_FILES } from './winpe-files.mjs';

/** The shell variant: winpeshl.exe runs startnet.cmd when there is no winpeshl.ini (Microsoft, "Wpeinit and Startnet.cmd"). */
const SHELL_FILE = 'winpeshl.ini';

/** What is deleted from the image before the tree is laid over it: an earlier Prestage with all that is its own. */
export function pathsToDelete({ shell }, listing) {
  const paths = ['/Prestage', ...(shell ? [`/${WINPE_FILES[SHELL_FILE]}`] : [])];
  return paths.filter(path => listing.has(path.toLowerCase()));
}

/** `launch.cmd` looks for it by its name alone. */
const SELFTEST_PLACE = 'Prestage/selftest.txt';
const SELFTEST_TEXT = 'The first start runs prestage selftest and leaves its report.\r\n';

/** @param agent as lookAtAgent answers; `beside` the files that agent.yaml names, which lie beside it; `agentFiles` others that shall */
export function layLauncherTree(tree, { agent, config, beside, agentFiles, drivers, shell, selftest }) {
  for (const [name, place] of Object.entries(WINPE_FILES)) {
    if (shell && name === SHELL_FILE) continue;
    lay(join(tree, place), readFileSync(at('winpe', name)));
  }
  lay(join(tree, AGENT_PLACE), agent.content);
  lay(join(tree, CONFIG_PLACE), readFileSync(config));
  for (const name of beside)
    lay(join(tree, dirname(CONFIG_PLACE), name), readFileSync(join(dirname(config), name)));
  for (const file of agentFiles) lay(join(tree, dirname(CONFIG_PLACE), basename(file)), readFileSync(file));
  if (selftest) lay(join(tree, SELFTEST_PLACE), SELFTEST_TEXT);
  for (const { folder } of drivers)
    for (const file of filesBelow(folder))
      copyFile(join(folder, file), join(tree, DRIVERS_PLACE, basename(folder), file));
}

function lay(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
