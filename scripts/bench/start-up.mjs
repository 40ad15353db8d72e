// From the start of the process to what a person sees first, against a Node of the same version that does nothing.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build } from '../build.mjs';
import { BUILD, NODE } from '../setup/place.mjs';
import { emptyDisk, untilFirstWords, untilTheEnd } from './first-words.mjs';

export const title = 'starting the agent, on Linux';
export const aims = 'aim: the first screen at no more than 1.5 times node -e 0';
export const rounds = 15;

export async function prepare({ folder }) {
  await build('linux');
  const agent = join(BUILD, 'prestage');
  const deploy = ['deploy', ...emptyDisk(folder)];
  const piped = (command, words) => async () =>
    plain(spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] }));
  // util-linux' script gives the program a terminal, whose output it passes on.
  const onTerminal = (command, words) =>
    piped('script', ['-qfec', `'${[command, ...words].join("' '")}'`, '/dev/null']);
  return {
    contestants: [
      { name: 'node -e 0', ...untilTheEnd(piped(NODE, ['-e', '0'])) },
      { name: 'prestage --version', ...untilTheEnd(piped(agent, ['--version'])) },
      { name: 'prestage deploy, first line', ...untilFirstWords(piped(agent, deploy), /^Prestage /) },
      { name: '  the same up to its first work', ...untilFirstWords(piped(agent, deploy), /^Finding /m) },
      { name: 'on a terminal: node -e 0', ...untilTheEnd(onTerminal(NODE, ['-e', '0'])) },
      { name: 'on a terminal: first line', ...untilFirstWords(onTerminal(agent, deploy), /^Prestage /) },
    ],
  };
}

function plain(child) {
  return { child, ended: new Promise(done => child.on('close', done)) };
}
