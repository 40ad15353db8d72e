// From power-on to the agent's first words in an emulated computer, by how it starts. Seconds are an emulator's, not a computer's: what counts is how they
// compare, and where they go.
import { join } from 'node:path';
import { copyImage } from '../vm/disk/copy-image.mjs';
import { powerOn } from '../vm/machine.mjs';
import { prepareDisk } from '../vm/prepare-site.mjs';
import { buildStandIn } from '../vm/stand-in/build.mjs';
import { freshVariables } from '../vm/variables.mjs';

export const title = 'power-on to the first screen, in QEMU without KVM, by the stand-in for Windows PE';
export const aims =
  'no aim: `kernel to Windows PE` is what the emulator takes before Windows PE runs; the agent’s own start is the bench start-up';
export const rounds = 3;

const PATIENCE_MS = 300_000;

export async function prepare({ folder }) {
  await buildStandIn();
  const { disk } = await prepareDisk('ntfs');
  const image = join(folder, 'disk.img');
  const variables = join(folder, 'variables.fd');
  /** Ends the machine once it has said so. */
  const until = (start, pattern) => ({
    before: async () => {
      await copyImage(disk, image);
      freshVariables(variables);
    },
    run: async () => {
      const machine = powerOn({ disk: image, start, variables, memoryMb: 1280, network: 'none' });
      await machine.line(pattern, PATIENCE_MS);
      return { after: () => machine.kill() };
    },
  });
  const WINPESHL = /^@@ \S+ winpeshl$/;
  const FIRST_WORDS = /Prestage \d+\.\d+/;
  return {
    contestants: [
      { name: 'kernel to Windows PE', ...until('kernel', WINPESHL) },
      { name: 'kernel to the first words', ...until('kernel', FIRST_WORDS) },
      { name: 'UEFI to Windows PE', ...until('uefi', WINPESHL) },
    ],
  };
}
