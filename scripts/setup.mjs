// Brings a fresh checkout to where builds and tests run: npm packages, Debian packages, Windows programs, Wine.
// Runs on any Node from 20 on with nothing installed; does only what is missing, so a second run takes no time.
import { installDebianPackages } from './setup/debian.mjs';
import { locked } from './setup/lock.mjs';
import { installPackages } from './setup/npm-packages.mjs';
import { ROOT, TOOLS, WINDOWS, WINDOWS_ARM64 } from './setup/place.mjs';
import { Advice, main, say } from './setup/say.mjs';
import { installWine } from './setup/wine.mjs';

/**
 * Installs what is missing. Safe to call from several processes at once: one works, the others wait.
 * @param {{ wine?: boolean, arm64?: boolean }} wants `wine: false` leaves out Wine, for work on Linux alone; `arm64: true` adds what only the
 * executable for Windows on arm64 is made of
 */
export async function setup({ wine = true, arm64 = false } = {}) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Advice(
      'Builds and tests run on Debian or Ubuntu on x86-64 (a virtual machine, a container or WSL 2 will do).',
    );
  }
  await locked(`${TOOLS}/setup.lock`, async () => {
    await installPackages(ROOT, { what: 'agent, compiler, tests' });
    await installDebianPackages();
    // --ignore-scripts: these programs are material, not tools; nothing of theirs runs here.
    await installPackages(WINDOWS, {
      what: 'Windows programs',
      os: 'win32',
      options: ['--os=win32', '--cpu=x64', '--ignore-scripts'],
    });
    // --force: these are of different systems, and npm would refuse those that are not of this one.
    if (arm64)
      await installPackages(WINDOWS_ARM64, {
        what: 'Windows on arm64',
        options: ['--force', '--ignore-scripts'],
      });
    if (wine) await installWine();
  });
}

await main(import.meta.url, async () => {
  await setup();
  say('set up');
});
