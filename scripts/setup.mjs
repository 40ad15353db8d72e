// Brings a fresh checkout to where builds and tests run: npm packages, Debian packages, Windows programs, Wine.
// Runs on any Node from 20 on with nothing installed; does only what is missing, so a second run takes no time.
import { installDebianPackages } from './setup/debian.mjs';
import { locked } from './setup/lock.mjs';
import { installPackages } from './setup/npm-packages.mjs';
import { ROOT, TOOLS, WINDOWS } from './setup/place.mjs';
import { Advice, main, say } from './setup/say.mjs';
import { installWine } from './setup/wine.mjs';

/**
 * Installs what is missing. Safe to call from several processes at once: one works, the others wait.
 * @param {{ wine?: boolean }} wants `wine: false` leaves out Wine, for work on Linux alone
 */
export async function setup({ wine = true } = {}) {
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
    if (wine) await installWine();
  });
}

await main(import.meta.url, async () => {
  await setup();
  say('set up');
});
