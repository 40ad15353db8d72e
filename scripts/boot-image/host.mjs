// The computer that assembles the boot image: which programs it has and where the missing ones come from. The platform is asked for here alone.
import { find } from '../setup/program.mjs';
import { Advice } from '../setup/say.mjs';

const IS_WINDOWS = process.platform === 'win32';

/** What each program is for, and who brings it: a Debian package, or a download for Windows where there is one. */
const TOOLS = {
  'wimlib-imagex': {
    for: 'reads and writes boot.wim',
    debian: 'wimtools',
    windows: 'wimlib from wimlib.net, with its folder on PATH',
  },
  '7z': {
    for: 'unpacks the ISO',
    debian: 'p7zip-full',
    windows: '7-Zip from 7-zip.org, with its folder on PATH',
  },
  hivexregedit: { for: 'sets the scratch space', debian: 'libwin-hivex-perl' },
  xorriso: { for: 'makes the ISO', debian: 'xorriso' },
  sgdisk: { for: 'partitions the disk image', debian: 'gdisk' },
  'mkfs.vfat': { for: 'formats the disk image', debian: 'dosfstools' },
  mcopy: { for: 'fills the disk image', debian: 'mtools' },
};

/** The full path of a program, or undefined. */
export function lookFor(name) {
  return find(IS_WINDOWS ? `${name}.exe` : name);
}

/** The full path of a program. Throws advice that says what it is for and where it comes from. */
export function need(name) {
  const program = lookFor(name);
  if (program === undefined)
    throw new Advice(
      `${name}, which ${TOOLS[name].for}, is not on PATH; nothing was made. ${howToGet(name)}, then run this again.`,
    );
  return program;
}

/** How to come by a program, as the start of a sentence. */
export function howToGet(name) {
  const { debian, windows } = TOOLS[name];
  if (!IS_WINDOWS) return `Install the Debian package ${debian} (npm run setup does)`;
  return windows === undefined
    ? `There is no ${name} for Windows: do this part on Linux, or with the ADK (docs/boot-image.md)`
    : `Install ${windows}`;
}
