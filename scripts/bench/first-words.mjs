// Contestants that are timed from the start of a process to its end, or to certain words on its screen.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { at } from '../setup/place.mjs';

/** @returns the options that let a command look for media on a disk in `folder` that has none: its first screen, and soon its end. */
export function emptyDisk(folder) {
  const disk = join(folder, 'disk');
  mkdirSync(join(disk, 'volumes', 'windows'), { recursive: true });
  return ['--disk', disk, '--config', at('winpe', 'agent.yaml')];
}

/** @param start answers `{ child, ended }`: a process with pipes, and the promise of its end */
export function untilTheEnd(start) {
  return {
    async run() {
      const { child, ended } = await start();
      child.stdout.resume();
      child.stderr.resume();
      await ended;
    },
  };
}

/** Up to the moment in which what the process has printed so far fits `words`. Its end is waited for after the clock was stopped. */
export function untilFirstWords(start, words) {
  return {
    async run() {
      const { child, ended } = await start();
      let text = '';
      await new Promise((seen, failed) => {
        for (const stream of [child.stdout, child.stderr])
          stream.on('data', piece => {
            text += piece;
            if (words.test(text)) seen();
          });
        ended.then(() => failed(new Error(`${words} was never printed, but:\n${text}`)), failed);
      });
      return { after: () => ended };
    },
  };
}
